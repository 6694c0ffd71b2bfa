"""Phrases and the voice that speaks them."""

from eloquence_pipeline.speech.catalogue import Catalogue, load_catalogue
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

__all__ = ["Catalogue", "VoiceSynthesizer", "load_catalogue"]
