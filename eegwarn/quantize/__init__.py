"""Networks with weights of a few bits, and training through their quantisers."""

from eegwarn.quantize.metaquant import MetaQuantConfig, Quantized, metaquant_step, quantize_network
from eegwarn.quantize.weights import baked

__all__ = ["MetaQuantConfig", "Quantized", "baked", "metaquant_step", "quantize_network"]
