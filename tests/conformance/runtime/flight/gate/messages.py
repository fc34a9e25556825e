"""The gate has nothing to say of its own."""
