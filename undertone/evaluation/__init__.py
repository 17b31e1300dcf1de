"""How well verdicts fit labels: what is asked, what came of it, the numbers, the report, the comparison of two.

Nothing is heard here: who asks, a server or a release, is told in serving/cli/evaluation. Depends on undertone/scoring,
pandas, scipy, jinja2 and matplotlib, the extra `evaluate`; it knows no model.
"""
