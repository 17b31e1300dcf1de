"""The streaming service and its clients. Never imports torch, transformers, optimum, mlflow or librosa."""
