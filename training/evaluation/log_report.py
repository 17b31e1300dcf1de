"""`python -m training.evaluation.log_report DIR`: an evaluation of `undertone evaluate` as a run of MLflow."""

import sys
from pathlib import Path

from training.tracking import log_evaluation

if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m training.evaluation.log_report DIR")
    sys.stdout.write(f"logged as run {log_evaluation(Path(sys.argv[1]))}; `make mlflow-ui` shows it\n")
