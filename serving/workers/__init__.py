"""The processes that recognise words and read sentiment from them, and the queue and its order on the way there.

serving/workers/queue.py is the one place that knows LitServe's private request queue.
"""
