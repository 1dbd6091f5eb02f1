"""Every name that spans carry, in this one file: those of OpenTelemetry's GenAI conventions, and our own where they have none.

The conventions are still in development: when they rename something, it is renamed here and nowhere else. A test holds these
against the package ``opentelemetry-semantic-conventions`` that is installed.
"""

from __future__ import annotations

from typing import Final

# Of the conventions -------------------------------------------------------------------------------------------------

OPERATION: Final = "gen_ai.operation.name"
INVOKE_AGENT: Final = "invoke_agent"
EXECUTE_TOOL: Final = "execute_tool"
INVOKE_WORKFLOW: Final = "invoke_workflow"
AGENT: Final = "gen_ai.agent.name"
CONVERSATION: Final = "gen_ai.conversation.id"
WORKFLOW: Final = "gen_ai.workflow.name"
TOOL: Final = "gen_ai.tool.name"
TOOL_CALL: Final = "gen_ai.tool.call.id"
PROMPT_TOKENS: Final = "gen_ai.usage.input_tokens"
CACHED_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
ERROR_TYPE: Final = "error.type"

# Our own ------------------------------------------------------------------------------------------------------------

CALL: Final = "outrider.call"
ROLE: Final = "outrider.role"
AT: Final = "outrider.at"
AHEAD: Final = "outrider.ahead"
OUTCOME: Final = "outrider.outcome"
WHY: Final = "outrider.why"
COUNTED: Final = "outrider.tokens.counted"
COST: Final = "outrider.cost_usd"
VERDICT: Final = "outrider.verdict"
LIVE: Final = "outrider.execution.kind"
BY: Final = "outrider.by"
STEP: Final = "outrider.step"
TASK: Final = "outrider.task"
WORLD: Final = "outrider.world"
TARGET: Final = "outrider.target"
APPROXIMATION: Final = "outrider.approximation"
LOOKAHEAD: Final = "outrider.lookahead"
LOSSLESS: Final = "outrider.lossless"
STEPS: Final = "outrider.steps"
LIMIT: Final = "outrider.limit"
RESUMED: Final = "outrider.resumed"
COMPARED_WITH: Final = "outrider.compared_with"

ATTRIBUTES: Final[dict[str, str]] = {
    OPERATION: f"`{INVOKE_WORKFLOW}` for a session, `{INVOKE_AGENT}` for a call, `{EXECUTE_TOOL}` for an execution",
    CONVERSATION: "the session's name",
    WORKFLOW: "`outrider`",
    AGENT: "the agent that was asked, as journals name it; a call",
    TOOL: "the declared name of the tool, or `undeclared`; an execution",
    TOOL_CALL: "the number of the execution in its session",
    PROMPT_TOKENS: "prompt tokens of a call, cached ones included; not there if nobody counted them",
    CACHED_TOKENS: "those of them that the provider did not compute again",
    OUTPUT_TOKENS: "output tokens of a call",
    ERROR_TYPE: "of a call the class of its error, as `ServerTrouble`; else how a span with the status ERROR ended",
    CALL: "the number of the call in its session",
    ROLE: "`approximation` or `target`",
    AT: "the step's number, from 0",
    AHEAD: "how far beyond the frontier the call was when it began; 0 is the frontier",
    OUTCOME: "how the call, the execution or the session ended",
    COUNTED: "`reported` by the provider, `estimated`, or `unknown`",
    COST: "dollars; not there if the price is unknown",
    LIVE: "`live`, `early` or `rehearsal`",
    VERDICT: "of a link from a verdict to a draft: `confirmed` or `rejected`",
    BY: "who confirmed a step: `target`, `person`, or `earlier` for a step of the session gone on from",
    WORLD: "the world of the task",
    TARGET: "the target agent of the session",
    APPROXIMATION: "its approximation agent",
    LOOKAHEAD: "how far ahead it drafts",
    LOSSLESS: "whether the plan is the target's own",
    STEPS: "confirmed steps when the session ended",
    LIMIT: "which limit was reached",
    RESUMED: "whether the session goes on from where another process was interrupted",
    COMPARED_WITH: "of a run of the target alone: the session that it is compared with",
    TASK: "the task; only with texts",
    STEP: "a step; only with texts",
    WHY: "why a call failed or was closed; only with texts",
}
"""Every attribute, and what it says."""
