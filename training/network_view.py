"""What a model's network sees of windows in front of its last layer, at the speed of the bedside runtime."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.runtime import network_input, open_session, windows_at_once
from eegwarn.errors import ModelError
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.windows import Windows

_SHAPE_ONLY = ("Squeeze", "Reshape", "Flatten", "Identity")


class NetworkView:
    """Gives features (``n_features`` of them) and log-odds of windows; may be used from several threads at once.

    Works on models made small as well: they hold no weights to train on, but their network ends as every other does.

    Parameters
    ----------
    bundle : Bundle
        The model.

    Raises
    ------
    ModelError
        If its network cannot be loaded or run, or does not end in one linear layer.
    """

    def __init__(self, bundle: Bundle) -> None:
        model = onnx.load_from_string(bundle.onnx)
        self._outputs = [_last_features(model), model.graph.output[0].name]
        model.graph.output.append(helper.make_tensor_value_info(self._outputs[0], TensorProto.FLOAT, None))
        content = model.SerializeToString()
        self._session = open_session(content)
        self._input = self._session.get_inputs()[0].name
        self._at_once = windows_at_once(content)
        length, _ = bundle.config.windows.in_samples(bundle.config.signal.sfreq)
        features, _ = self._run(np.zeros((1, len(LONGITUDINAL_BIPOLAR), length), dtype=np.float32))
        self.n_features: int = features.shape[1]

    def describe(self, windows: Windows, chosen: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Describe chosen windows, one at least.

        Parameters
        ----------
        windows : Windows
            A stretch of a recording.
        chosen : ndarray of int, shape (n_chosen,)
            Which; all usable.

        Returns
        -------
        features : ndarray of float32, shape (n_chosen, n_features)
            The input of the network's last layer.
        logit : ndarray of float64, shape (n_chosen,)
            Log-odds of a seizure, before calibration.

        Raises
        ------
        ModelError
            If the network fails.
        """
        parts = np.split(chosen, range(self._at_once, len(chosen), self._at_once))
        told = [self._run(network_input(windows, part)) for part in parts]
        features, logit = (np.concatenate(each) for each in zip(*told, strict=True))
        return features, logit.astype(np.float64)

    def _run(self, eeg_uv: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        try:
            features, logit = self._session.run(self._outputs, {self._input: eeg_uv})
        except Exception as error:  # onnxruntime's errors share no base class of their own
            raise ModelError(f"The network failed: {' '.join(str(error).split())}") from error
        return features, logit


def _last_features(model: onnx.ModelProto) -> str:
    """Name what goes into the last linear layer."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    node = made_by.get(model.graph.output[0].name)
    while node is not None and node.op_type in _SHAPE_ONLY:
        node = made_by.get(node.input[0])
    if node is None or node.op_type != "Gemm" or node.input[0] not in made_by:
        raise ModelError(
            "The model's network does not end in a linear layer, so there are no features to choose clips by. Take a "
            "model whose network warns by itself (indicator = 'backbone')."
        )
    return str(node.input[0])
