"""The scheduler app: keeps all minor frames on the tone, and switches activity groups over all apps."""
