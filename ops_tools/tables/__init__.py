"""Tables on the ground: found in a mission, written as text."""
