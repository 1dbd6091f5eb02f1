"""Worked examples of our own, and the thoughts that lead to their steps. None has the tool sequence of a gold task."""

from __future__ import annotations

from typing import Final

from outrider.agents.world import Example
from outrider.model import Prefix, Step
from outrider.worlds.openagi.dry_run import LANGUAGES, held
from outrider.worlds.openagi.tools import TOOLS

_SUPER, _DENOISE, _DEBLUR, _COLOUR = "Image Super Resolution", "Image Denoising", "Image Deblurring", "Colorization"
_CLASS, _OBJECTS, _CAPTION = "Image Classification", "Object Detection", "Image Captioning"
_ASK_IMAGE, _ASK_TEXT, _FILL = "Visual Question Answering", "Question Answering", "Fill Mask"
_FEEL, _SHORTEN, _WRITE, _PAINT = "Sentiment Analysis", "Text Summarization", "Text Generation", "Text to Image Generation"
_TRANSLATE = "Machine Translation"


def _example(given: str, wanted: str, *tools: str) -> Example:
    return Example(f"Given {given}, how to {wanted} step by step?", tools)


EXAMPLES: Final = (
    _example("noisy grayscale photo", "return the object names in French", _DENOISE, _COLOUR, _OBJECTS, _TRANSLATE),
    _example("low-resolutioned blurry photo", "return the caption in English", _SUPER, _DEBLUR, _CAPTION),
    _example("clozed English letter", "return the sentiment in Spanish", _FILL, _FEEL, _TRANSLATE),
    _example(
        "low-resolutioned noisy gray photo and English query",
        "answer the question in English",
        _SUPER,
        _DENOISE,
        _COLOUR,
        _ASK_IMAGE,
    ),
    _example("blurry gray photo", "return the regular photo", _DEBLUR, _COLOUR),
    _example("Spanish letter", "return the sentiment in English", _TRANSLATE, _FEEL),
)
"""These stand in every prompt, so that their state can be kept."""

MORE: Final = (
    _example("English document and clozed English query", "answer the question in Italian", _FILL, _ASK_TEXT, _TRANSLATE),
    _example("noisy blurry photo", "return the class label in Spanish", _DENOISE, _DEBLUR, _CLASS, _TRANSLATE),
    _example("English letter", "return the summarization in English", _SHORTEN),
    _example("low-resolutioned photo", "return the class label in English", _SUPER, _CLASS),
    _example("English story", "generate the rest of story in Spanish", _WRITE, _TRANSLATE),
    _example("noisy photo and clozed English query", "answer the question in French", _DENOISE, _FILL, _ASK_IMAGE, _TRANSLATE),
    _example("English letter", "translate the letter in Spanish", _TRANSLATE),
    _example("clozed English story", "generate a photo", _FILL, _PAINT),
    _example("gray photo", "return the caption in French", _COLOUR, _CAPTION, _TRANSLATE),
    _example("low-resolutioned grayscale photo", "return the regular photo", _SUPER, _COLOUR),
    _example(
        "low-resolutioned noisy blurry photo", "return the caption in Italian", _SUPER, _DENOISE, _DEBLUR, _CAPTION, _TRANSLATE
    ),
    _example("noisy gray photo", "return the class label in English", _DENOISE, _COLOUR, _CLASS),
    _example(
        "low-resolutioned blurry gray photo", "return the object names in Spanish", _SUPER, _DEBLUR, _COLOUR, _OBJECTS, _TRANSLATE
    ),
    _example(
        "blurry grayscale photo and English query", "answer the question in French", _DEBLUR, _COLOUR, _ASK_IMAGE, _TRANSLATE
    ),
    _example("English letter", "return the sentiment in English", _FEEL),
    _example("low-resolutioned noisy photo", "return the regular photo", _SUPER, _DENOISE),
    _example("noisy blurry gray photo", "return the regular photo", _DENOISE, _DEBLUR, _COLOUR),
    _example("clozed English letter", "return the summarization in Italian", _FILL, _SHORTEN, _TRANSLATE),
    _example("Italian letter", "return the summarization in Italian", _TRANSLATE, _SHORTEN, _TRANSLATE),
    _example("English document and English query", "answer the question in French", _ASK_TEXT, _TRANSLATE),
    _example("French story", "generate the rest of story in English", _TRANSLATE, _WRITE),
)
"""Of these, the ones whose tasks are most like the task at hand stand in its prompts as well."""

_DO: Final = {
    _SUPER: "raise its resolution",
    _DENOISE: "remove the noise",
    _DEBLUR: "make it sharp",
    _COLOUR: "add colour",
    _FILL: "fill the gaps",
}


def thought(task: str, prefix: Prefix, step: Step) -> str:
    """Why ``step`` comes next, from what the plan holds after ``prefix``."""
    have = held(task, prefix)
    if step.is_finish:
        return f"The {have} is what the task wants, so all is done"
    cue = next((tool.cue(task) for tool in TOOLS if tool.name == step.action), step.action)
    if step.action in _DO:
        return f"The {have} is still {cue}, so {_DO[step.action]}"
    if step.action == _TRANSLATE:
        spoken = next((language for language in LANGUAGES if language in have), "another language")
        return f"The {have} is in {spoken}, so translate it"
    return f"The {have} is clean and complete, so now get the {cue}"
