"""How every ONNX session is made, of the service and of the stages: on the CPU, silent, with one thread."""

from pathlib import Path

import onnxruntime


def open_session(model: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Return a CPU session of a graph in a file or in memory.

    One thread by default: many small graphs side by side lose more to threads than they gain, and the same input gives
    the same bits.

    Raises:
        onnxruntime exceptions: there is no such file, or it is no graph.
    """
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, sess_options=options, providers=["CPUExecutionProvider"])
