"""The time codes of CCSDS 301.0-B-4: CUC counts TAI; CDS, CCS and the ASCII codes tell UTC, as a `UtcTime`."""
