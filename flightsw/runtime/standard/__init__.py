"""How every app answers the standard commands, a module for each service."""
