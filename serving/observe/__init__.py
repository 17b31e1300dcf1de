"""What the server tells of itself: metrics, readiness, trace ids and spans, and the totals of each session.

Sessions are observed through their domain events, never through their frames; what changes all the time is looked at
when somebody asks. Depends on prometheus-client and psutil, on OpenTelemetry where spans are asked for, and on
admission. Nothing of what is said ends up here.
"""
