"""What a phase does that has nothing to bring down: its outputs off is all there is to hold, stop or end."""

from __future__ import annotations

from rig.engine.phases.phase import DONE, NOTHING, Context, Demand


class Quiet:
    """Base of phases without high voltage and heat: prompts, waiting, and pumps that only have to stand still."""

    def holding(self, context: Context) -> Demand:
        """Everything off is all there is to hold."""
        return DONE

    def held(self, context: Context) -> Demand:
        """Everything is off while held."""
        return NOTHING

    def paused(self, context: Context) -> Demand:
        """Everything is off while paused at its end."""
        return NOTHING

    def restarting(self, context: Context) -> Demand:
        """Nothing to bring back: what a pump has moved, its own counter knows."""
        return DONE

    def stopping(self, context: Context) -> Demand:
        """Everything off is all there is to stop."""
        return DONE

    def aborting(self, context: Context) -> None:
        """The outputs are cut; there is nothing to close."""

    def completing(self, context: Context) -> Demand:
        """Everything off is all there is to end."""
        return DONE
