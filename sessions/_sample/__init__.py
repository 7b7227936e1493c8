"""What a sample session is made of: a module per kind, and what may befall any of them."""
