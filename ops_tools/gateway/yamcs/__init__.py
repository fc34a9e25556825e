"""The configuration of a Yamcs server that stands at the other end of the gateway."""
