"""The LitServe server: its sessions, its workers, its routes and its command line.

`admission` lets callers in, `service` is what their sessions share, `live` has sockets, `files` uploads, `sessions`
what both have in common, `workers` the words; `litserve_internals` alone names what LitServe does not promise. Depends
on undertone, litserve and what comes with it; never on training or export.
"""
