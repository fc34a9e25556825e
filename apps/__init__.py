"""The flight apps of the reference missions, one folder each."""
