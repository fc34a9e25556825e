"""Packets and what stands inside them: headers, error-detecting codes, time codes, splitting of streams."""
