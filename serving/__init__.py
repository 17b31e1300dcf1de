"""The LitServe server: its sessions, its workers, its routes and its command line.

Depends on undertone, litserve and what comes with it; never on training or export.
"""
