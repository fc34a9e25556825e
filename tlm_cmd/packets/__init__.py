"""Packets and what stands inside them: headers, error-detecting codes, time codes, splitting of streams.

Packets are Space Packets (CCSDS 133.0-B-2); those of the packet utilisation standard (ECSS-E-ST-70-41C) are in `pus`,
time codes (CCSDS 301.0-B-4) in `time_codes`.
"""
