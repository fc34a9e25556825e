"""Space Data Link Security: authenticated and encrypted frames, and their keys (CCSDS 355.0-B-2, 355.1-B-1).

`frame_security` protects and processes frames; `association` has what both ends agree on, `authentication_mask` the
part of a frame's header that is covered. `management` executes extended procedures, `requests` and `replies` are its
other end. Keys are in a `key_ring`, and nowhere else.
"""
