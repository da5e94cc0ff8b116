"""What there is: every entity set of API v2.0, by release, as data."""
