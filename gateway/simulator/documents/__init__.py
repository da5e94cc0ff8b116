"""How sales and purchase documents behave."""
