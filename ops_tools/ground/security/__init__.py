"""The ground operates the link security: asks for it, reads it, and changes keys at both ends without a gap."""
