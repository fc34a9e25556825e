"""The Communications Operation Procedure-1 (CCSDS 232.1-B-2): TC frames arrive in order, once, or somebody is told.

On the ground `fop` sends and repeats, with `sender` as the queue in front of it; on board `farm` accepts and reports.
"""
