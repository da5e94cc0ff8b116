"""What the simulator starts with: tenants, users, companies, records, documents."""
