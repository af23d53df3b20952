"""The network at the bedside: onnxruntime on one thread."""

from threading import Timer

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from eegwarn.bedside.bundle import Bundle
from eegwarn.errors import ModelError
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.windows import Windows

BATCH = 64
"""Windows that go through the network together; larger batches leave the processor's cache and are no faster."""

LONGEST_RUN_S = 60.0
"""A stretch of windows takes milliseconds; a network that loops without end is stopped after this."""

_RANGES_FOUND_LIVE = b"DynamicQuantize"
"""In the names of the operators that find the range of their input as it comes: of all windows of a batch together."""

_SILENT = 4
"""Of onnxruntime's log levels: its errors reach us as exceptions."""


def network_input(windows: Windows, chosen: NDArray[np.intp]) -> NDArray[np.float32]:
    """Copy chosen windows out of their view, bad derivations set to zero: what every network is given.

    Parameters
    ----------
    windows : Windows
        A stretch of a recording.
    chosen : ndarray of int, shape (n_chosen,)
        Which of them.

    Returns
    -------
    ndarray of float32, shape (n_chosen, n_derivations, n_times)
    """
    eeg_uv = np.ascontiguousarray(windows.data[chosen], dtype=np.float32)
    eeg_uv[windows.bad[chosen]] = 0
    return eeg_uv


class Runtime:
    """Runs a model's network on one thread, so that several beds share a small computer.

    Parameters
    ----------
    bundle : Bundle
        The model.

    Raises
    ------
    ModelError
        If the network cannot be loaded, or its input or output is not what the configuration says.
    """

    def __init__(self, bundle: Bundle) -> None:
        length, _ = bundle.config.windows.in_samples(bundle.config.signal.sfreq)
        self._session = open_session(bundle.onnx)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = [value.shape[1:] for value in inputs]
        expected = [[len(LONGITUDINAL_BIPOLAR), length]]
        if shape != expected or inputs[0].type != "tensor(float)":
            raise ModelError(
                f"The network takes windows of shape {shape} where the model's configuration gives {expected}. "
                "The model file is inconsistent: train or export it again."
            )
        given = [(value.type, len(value.shape)) for value in outputs]
        if given != [("tensor(float)", 1)] or isinstance(outputs[0].shape[0], int):
            raise ModelError(
                f"The network gives {[(value.type, value.shape) for value in outputs]} where one float for each of any "
                "number of windows is allowed. The model file is inconsistent: train or export it again."
            )
        self._input = inputs[0].name
        self._at_once = windows_at_once(bundle.onnx)

    def logit(self, windows: Windows) -> NDArray[np.float64]:
        """Judge windows.

        Parameters
        ----------
        windows : Windows
            As `eegwarn.signal.windows` cuts them; bad derivations are set to zero here.

        Returns
        -------
        ndarray, shape (n_windows,)
            Log-odds of a seizure; NaN where a window is not usable, or the network gives no finite number.

        Raises
        ------
        ModelError
            If the network fails, or does not give one number for each window.
        """
        logit = np.full(len(windows), np.nan)
        usable = np.flatnonzero(windows.usable)
        options = onnxruntime.RunOptions()
        options.log_severity_level = _SILENT
        clock = Timer(LONGEST_RUN_S, setattr, (options, "terminate", True))
        clock.daemon = True
        clock.start()
        try:
            for chosen in np.split(usable, range(self._at_once, len(usable), self._at_once)):
                if chosen.size:
                    logit[chosen] = self._run(network_input(windows, chosen), options)
        finally:
            clock.cancel()
        return logit

    def _run(self, eeg_uv: NDArray[np.float32], options: onnxruntime.RunOptions) -> NDArray[np.float32]:
        try:
            (logit,) = self._session.run(None, {self._input: eeg_uv}, options)
        except Exception as error:  # onnxruntime's errors share no base class of their own
            why = f"it was not done after {LONGEST_RUN_S:g} s" if options.terminate else _first_line(error)
            raise ModelError(f"The network failed on {len(eeg_uv)} windows: {why}.") from error
        if logit.shape != (len(eeg_uv),):
            raise ModelError(
                f"The network gave shape {logit.shape} for {len(eeg_uv)} windows. Train or export it again."
            )
        # Minus infinity would pass for the calmest window there is.
        return np.where(np.isfinite(logit), logit, np.float32(np.nan))


def windows_at_once(onnx: bytes) -> int:
    """How many windows may go through a network together: what it says of one must not depend on those beside it."""
    return 1 if _RANGES_FOUND_LIVE in onnx else BATCH


def open_session(onnx: bytes) -> onnxruntime.InferenceSession:
    """Load a network on one thread.

    Raises
    ------
    ModelError
        If onnxruntime refuses it.
    """
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class of their own
        raise ModelError(f"The model's network cannot be loaded: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
