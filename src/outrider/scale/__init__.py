"""Many machines: the same rules inside Temporal. One workflow a session; calls are activities, and any worker makes them.

Needs the extra ``temporal``; nothing else of Outrider imports this room.
"""

from outrider.scale.attaching import resume_remote
from outrider.scale.building import Builder, Built, NamedBuilder
from outrider.scale.engine import Address, Engine, address_of, connected, has_worker, reached
from outrider.scale.launching import RemoteLaunch, launch_remote
from outrider.scale.remote import RemoteSession
from outrider.scale.wire import Setting
from outrider.scale.worker import Manner, serving, worker, worker_in_thread
from outrider.scale.workflow import SessionWorkflow

__all__ = [
    "Address",
    "Builder",
    "Built",
    "Engine",
    "Manner",
    "NamedBuilder",
    "RemoteLaunch",
    "RemoteSession",
    "SessionWorkflow",
    "Setting",
    "address_of",
    "connected",
    "has_worker",
    "launch_remote",
    "reached",
    "resume_remote",
    "serving",
    "worker",
    "worker_in_thread",
]
