"""Heat: surfaces in space, a network of nodes, heaters."""
