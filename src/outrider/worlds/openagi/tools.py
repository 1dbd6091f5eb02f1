"""OpenAGI's tools: what each does in a line, and the cues by which a task asks for it."""

from __future__ import annotations

from typing import Final

from outrider.agents.world import Action
from outrider.model import FINISH

TOOLS: Final = (
    Action("Image Super Resolution", "raises the resolution of an image", ("low-resolutioned",)),
    Action("Image Denoising", "removes noise from an image", ("noisy",)),
    Action("Image Deblurring", "makes a blurry image sharp", ("blurry",)),
    Action("Colorization", "adds colour to a gray image", ("grayscale", "gray")),
    Action("Image Classification", "names the class of an image, in English", ("class label",)),
    Action("Object Detection", "names the objects in an image, in English", ("object names",)),
    Action("Image Captioning", "describes an image in English", ("caption",)),
    Action("Visual Question Answering", "answers an English question about an image", ("answer about image",)),
    Action("Question Answering", "answers an English question about a document", ("answer about document",)),
    Action("Fill Mask", "fills the gaps of a clozed text", ("clozed",)),
    Action("Sentiment Analysis", "says whether a text is positive or negative", ("sentiment",)),
    Action("Text Summarization", "makes a long text short", ("summarization",)),
    Action("Text Generation", "writes the rest of a text", ("rest of text",)),
    Action("Text to Image Generation", "makes an image from an English text", ("generate image",)),
    Action("Machine Translation", "translates a text", ("translate",)),
    Action(FINISH, "ends the plan, when what the task wants is there", ("finish",)),
)
