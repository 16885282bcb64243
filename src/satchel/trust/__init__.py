"""Keys and what protects them."""
