"""Tables: the parameters of an app, loaded, validated and activated without stopping it.

A table's content is a Record. Its text source is TOML; its binary image is the Record's wire form, so that the ground
can load it in parts. The app reads the active content; loading only touches the inactive buffer.
"""
