"""Sessions that consent, kept in the operator's store (undertone/recorded): with `--record`, and never without.

A session hands over its samples, its events and what else came; a thread writes them, again and again where the store
is away, from a queue that is bounded in bytes: nobody waits for it, and no session ends of it. Depends on
prometheus-client and undertone/recorded.
"""
