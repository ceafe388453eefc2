"""The jet watch: from features of a meter's current to the mode of the jets it sees, with a confidence and the reason.

It says `unknown`, and why, wherever the instrument cannot tell: resolution coarser than a tenth of what is expected, no
expectation, readings that fail, a fluctuation faster than the instrument follows. No alarm is made of `unknown`.

Every threshold below is [M] (general knowledge, chosen on the emulator, not confirmed on a jet) unless it says
otherwise. That modes differ in the frequency content of the current is [C] (DOI 10.1038/s41598-022-20352-y); what each
looks like is docs/physics.md, D.8. The method and what it cannot tell: docs/jet-watch.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Final, NamedTuple

from rig.safety.jet_expected import NO_JET, Expectation
from rig.safety.jet_features import NS, Burst, Features, FeatureWindow

UNKNOWN, STABLE, DRIPPING, PULSATING = "unknown", "stable", "dripping", "pulsating"
MULTI_JET, CLOGGED, BUBBLE, CORONA, ARC = "multi-jet", "clogged", "bubble", "corona", "arc"
MODES: Final = (STABLE, DRIPPING, PULSATING, MULTI_JET, CLOGGED, BUBBLE, CORONA, ARC, UNKNOWN)
LOST: Final = frozenset({CLOGGED, BUBBLE, CORONA, DRIPPING})
"""Modes in which at least one needle makes no jet."""

FINE_ENOUGH: Final = 0.1
"""The instrument's resolution may be this part of the expected current, not more (the project's own rule)."""
BURST_LEAST_HZ: Final = 500.0
"""Slower records do not follow a pulsating cone (10 Hz to 1 kHz, D.8 [M]) and are not judged."""
LEARN_S: Final = 10
"""Seconds of steady current before it is taken as the jet's own."""
FIRST_S: Final = 8
"""Seconds before anything is said."""
LOW: Final = NO_JET
"""Of the jet's own current: below it there is no jet. Before that is known it is `Expectation.least_na`."""
DOUBTFUL: Final = 0.5
"""Confidence at most, while a current is far below what is expected of a conductivity that is assumed."""
ARC_TIMES: Final = 10.0
"""An arc is 10 to 1000 times the current (D.8 [M])."""
OVER_S: Final = 4
"""An overload that lasts this many seconds is no arc: the range is too small."""
NEAR_END: Final = 0.7
"""Above this part of the range the fluctuation of several jets (12 %, three deviations) reaches the range's end."""
QUIET: Final = 0.035
"""Noise of a burst over the mean: a steady jet stays below it (about 0.012 in the emulator) ..."""
RESTLESS: Final = 0.2
"""... several jets on one needle between the two (0.07 to 0.1), pulses and corona above (0.7 to 1.6)."""
QUIET_SLOW: Final = 0.05
"""The same for readings five times a second, where there are no bursts (0.013 in the emulator)."""
NOISE_LEAST_NA: Final = 1.5
"""Noise below this is the mains' pick-up and the meter's own."""
LINE_SHARE: Final = 0.45
"""Part of a burst's power in one line from which pulses are periodic."""
SLOW_PULSES: Final = 5
SLOW_DEVIATION: Final = 0.5
"""Seconds of the last minute with a pulse, and deviation of the readings over their mean, from which a cone pulsates a
few times a second, too slowly for a burst: 1.5 in the emulator, where everything else stays below 0.1."""
OFTEN: Final = 0.4
"""Part of the seconds that have a pulse where a cone pulsates; drops fall more seldom, for they are larger."""
HOLD: Final = 0.7
"""A mode is left at this share of the threshold at which it was entered."""
LINE_LEAST: Final = 0.012
"""Noise from which a line in a quiet current is one of several jets pulsating."""
PULSED_SAMPLES: Final = 10.0
"""Spikes in a burst of 80: pulses last a good part of their period, corona's spikes a millisecond."""
MAINS_HZ: Final = (50.0, 60.0, 100.0, 120.0)
MAINS_WIDTH_HZ: Final = 6.0
MAINS_NA: Final = 5.0
"""A line this near to the mains and this small is pick-up."""
SUDDEN_FROM: Final = 0.9
SUDDEN_TO: Final = 0.6
SUDDEN_S: Final = 6
"""A fall between these shares of the jet's own current within this time is a gap: a clog takes tens of seconds."""
BUBBLE_S: Final = 60
"""A gap that lasts longer is no bubble for the person at the rig, whatever made it."""
CLOG_FROM: Final = 0.95
CLOG_TO: Final = 0.85
CLOG_S: Final = 5
CLOG_STEP: Final = 0.02
"""A clog: below CLOG_TO, CLOG_FROM at least CLOG_S ago, and lower by CLOG_STEP than CLOG_S before."""
SAGGED: Final = 0.75
SAGGED_S: Final = 30
"""A current that sank this far without anybody having seen it fall has clogged too."""
BACK_FROM: Final = 0.8
BACK_TO: Final = 1.25
"""Between these a lost jet is back, if it is quiet."""
PARTIAL: Final = 0.3
PARTIAL_S: Final = 10
"""After a sudden fall a quiet current above this is another steady state, and its cause cannot be told."""
STEADY: Final = 0.03
"""Change over ten seconds up to which a current is steady enough to be learned."""
FOLLOW_S: Final = 600
"""Time constant with which the jet's own current is followed; slower clogs would be learned away."""
STEP_UP: Final = 1.15
"""Several jets carry more than one, about the root of their number (D.8 [D])."""


class Ability(NamedTuple):
    """What an instrument can do: resolution and range of its means, None if nobody knows; samples a second of its fast
    records, 0 where it has none, and their resolution, which is coarser (their own noise, if that is larger)."""

    resolution_na: float | None
    range_na: float | None
    burst_hz: float = 0.0
    burst_resolution_na: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the jets do. confidence 0 to 1; why: in words; since_ns: since when this mode."""

    mode: str
    confidence: float
    why: str
    since_ns: int
    features: Features | None = None

    def as_data(self) -> dict[str, Any]:
        """For the journal: mode, confidence, why, and the features with three digits more than matter."""
        data: dict[str, Any] = {
            "mode": self.mode,
            "confidence": round(self.confidence, 2),
            "text": self.why,
        }
        if self.features is not None:
            data["features"] = {
                name: round(value, 4) if isinstance(value, float) else value
                for name, value in self.features._asdict().items()
            }
        return data


class JetWatch:
    """Watches the jets of one meter. Feed it each reading and each burst; `verdict` is what holds now.

    ability: the instrument's. expectation: of the meter's jets; its sign is the current's.
    """

    def __init__(self, ability: Ability, expectation: Expectation) -> None:
        expected = expectation.current_na
        self._expected_na = abs(expected) if expected is not None else 0.0
        least = expectation.least_na
        self._least_na = LOW * self._expected_na if least is None else least
        self._sign = -1.0 if expected is not None and expected < 0.0 else 1.0
        self.cannot = _cannot(ability, expectation)
        """Why this meter can never tell, or None."""
        self._bursts = (
            ability.burst_hz >= BURST_LEAST_HZ
            and ability.burst_resolution_na is not None
            and ability.burst_resolution_na <= FINE_ENOUGH * self._expected_na
        )
        self._near_end_na = NEAR_END * ability.range_na if ability.range_na is not None else inf
        self._window = FeatureWindow()
        self._own_na: float | None = None
        self._own_mode = STABLE
        self._learned = 0
        self._lost: tuple[str, int] | None = None
        self._candidate = UNKNOWN
        self.verdict = Verdict(UNKNOWN, 0.0, self.cannot or "no reading yet", 0)

    @property
    def own_na(self) -> float | None:
        """The current these jets carried when they were steady, nA, positive; None before that is known."""
        return self._own_na

    def burst(
        self,
        t_ns: int,
        noise_na: float | None,
        spikes: float,
        line_hz: float | None,
        line_share: float | None,
    ) -> None:
        """A fast record's features; None where the instrument could not tell."""
        if self._bursts:
            self._window.burst(Burst(t_ns, noise_na, spikes, line_hz, line_share))

    def reading(self, t_ns: int, current_na: float | None, overload: bool = False) -> bool:
        """A reading of the mean; None if there was none. True when the mode has changed."""
        if self.cannot is not None:
            return False
        if current_na is not None:
            current_na *= self._sign
        if not self._window.add(t_ns, current_na, overload):
            return False
        return self._judge(t_ns)

    def silent(self, t_ns: int, why: str) -> bool:
        """No reading came for too long. True when the mode has changed."""
        if self.cannot is not None:
            return False
        self._window = FeatureWindow()
        self._candidate = UNKNOWN
        return self._set(UNKNOWN, 0.0, why, t_ns, None)

    # Judging

    def _set(self, mode: str, confidence: float, why: str, t_ns: int, features: Features | None) -> bool:
        before = self.verdict
        changed = mode != before.mode
        since_ns = t_ns if changed else before.since_ns
        self.verdict = Verdict(mode, max(0.0, min(1.0, confidence)), why, since_ns, features)
        return changed

    def _judge(self, t_ns: int) -> bool:
        features = self._window.features(t_ns)
        mode, confidence, why = self._look(t_ns, features)
        before = self.verdict
        if features is not None:
            self._learn(mode, features, t_ns)
        # A mode has to be seen twice; arcs are over too soon for that.
        if mode not in (before.mode, self._candidate, ARC):
            self._candidate = mode
            return False
        self._candidate = mode
        return self._set(mode, confidence, why, t_ns, features)

    def _look(self, t_ns: int, f: Features | None) -> tuple[str, float, str]:
        window = self._window
        over = [block.overloads > 0 for block in window.blocks][-OVER_S:]
        if len(over) == OVER_S and all(over):
            return UNKNOWN, 0.0, "the current is beyond the meter's range"
        if f is None or f.missing > 0.5:
            return UNKNOWN, 0.0, "readings fail"
        usual = self._own_na or self._expected_na
        last = list(window.blocks)[-4:]
        calm = max([usual, *(block.mean for block in last[:-2])])
        spike = max(block.high for block in last[-2:]) > ARC_TIMES * calm
        if f.level > self._near_end_na and (f.clipped or f.overloads):
            return UNKNOWN, 0.0, f"{f.level:.0f} nA is too near to the end of the meter's range"
        if any(over[-2:]) or f.burst_arc or spike:
            return ARC, 0.9, "a spike beyond the meter's range or ten times the current"
        if window.filled < FIRST_S:
            return UNKNOWN, 0.0, f"watched for {window.filled} s"
        character, confidence, why = self._character(f, usual)
        if self._own_na is None and character != DRIPPING and f.level < LOW * usual:
            confidence = min(confidence, DOUBTFUL)
            why += f"; {f.level:.1f} nA of {usual:.0f} nA, but the recipe gives no conductivity"
        self._follow_level(t_ns, f, character)
        if self._lost is not None:
            return self._lost_mode(t_ns, f, character)
        return character, confidence, why

    def _character(self, f: Features, usual: float) -> tuple[str, float, str]:
        """What the fluctuation says, whatever was before."""
        slow = f.pulses >= SLOW_PULSES and f.deviation > SLOW_DEVIATION * f.mean > 0.0
        often = slow and self._own_na is None and f.pulses >= OFTEN * len(self._window.blocks)
        low_na = self._least_na if self._own_na is None else LOW * usual
        if max(f.level, f.mean) < low_na and not often:
            what = f"{f.level:.1f} nA of {usual:.0f} nA"
            if f.pulses >= 2:
                return DRIPPING, 0.9, f"{what}, {f.pulses} pulses in a minute"
            return DRIPPING, 0.5, f"no jet: {what}; pulses of drops are rare and mostly missed"
        if f.clipped >= 2:
            return CORONA, 0.7, "single spikes beyond the meter's range"
        if slow:
            ratio = f.deviation / f.mean
            why = f"fluctuates by {100 * ratio:.0f} %, {f.pulses} seconds of a minute with pulses"
            return PULSATING, 0.7, why
        if not self._bursts or f.noise is None:
            ratio = f.deviation / f.mean
            if ratio < QUIET_SLOW:
                return STABLE, 0.6, f"steady within {100 * ratio:.1f} %; nothing is known above 2.5 Hz"
            return (
                UNKNOWN,
                0.0,
                f"fluctuates by {100 * ratio:.0f} %; what that is takes a fast record, and there is none",
            )
        ratio = f.noise / f.level if f.noise > NOISE_LEAST_NA else 0.0
        line = self._line(f)
        held = self.verdict.mode
        if ratio >= RESTLESS:
            periodic = (f.line_share or 0.0) >= LINE_SHARE
            pulsed = (f.burst_spikes or 0.0) >= PULSED_SAMPLES
            noise = f"noise {100 * ratio:.0f} % of the mean"
            if periodic or pulsed:
                shape = f"a line at {line:.0f} Hz" if line else "long pulses"
                return PULSATING, 0.9 if periodic and pulsed else 0.7, f"{noise}, {shape}"
            return CORONA, 0.9 if f.spiky else 0.7, f"{noise}, no line, short spikes"
        if line and ratio >= (HOLD if held == PULSATING else 1.0) * LINE_LEAST:
            return PULSATING, 0.6, f"a line at {line:.0f} Hz with {100 * ratio:.1f} % of the current"
        spiky = f.spiky >= (1 if held == CORONA else 2)
        if spiky and ratio >= (HOLD if held == CORONA else 1.0) * LINE_LEAST:
            return CORONA, 0.6, f"short spikes in {100 * ratio:.1f} % noise: one of several needles, or weak"
        if ratio >= (HOLD if held == MULTI_JET else 1.0) * QUIET:
            up = self._own_na is not None and f.level > STEP_UP * self._own_na
            stepped = (
                "" if self._own_na is None else f", {f.level / self._own_na:.2f} times the current before"
            )
            return MULTI_JET, 0.9 if up else 0.7, f"noise {100 * ratio:.0f} % of the mean{stepped}"
        return STABLE, 1.0 - 0.5 * ratio / QUIET, f"noise {100 * ratio:.1f} % of the mean, no line"

    def _line(self, f: Features) -> float:
        """Frequency of a line that is not the mains', Hz; 0 for none."""
        least = LINE_SHARE * (HOLD if self.verdict.mode == PULSATING else 1.0)
        if not f.line_hz or f.noise is None or (f.line_share or 0.0) < least:
            return 0.0
        mains = any(abs(f.line_hz - hz) < MAINS_WIDTH_HZ for hz in MAINS_HZ)
        return 0.0 if mains and f.noise < MAINS_NA else f.line_hz

    def _last_above(self, share: float) -> int | None:
        """Seconds since the current was last at this share of the jet's own; None if never in hand."""
        assert self._own_na is not None
        limit = share * self._own_na
        for age, block in enumerate(reversed(self._window.blocks)):
            if block.good and block.mean >= limit:
                return age
        return None

    def _follow_level(self, t_ns: int, f: Features, character: str) -> None:
        """Whether a jet that was there is being lost, is lost, or is back."""
        own = self._own_na
        if own is None:
            return
        share = f.level / own
        if self._lost is not None:
            if BACK_FROM <= share <= BACK_TO and character in (STABLE, self._own_mode):
                self._lost = None
                return
            how, since_ns = self._lost
            if how == "slow" and t_ns - since_ns <= SUDDEN_S * NS and self._fell():
                self._lost = ("sudden", since_ns)
            return
        if share > CLOG_TO:
            return
        if self._fell():
            self._lost = ("sudden", t_ns)
            return
        blocks = self._window.blocks
        age = self._last_above(CLOG_FROM)
        before = blocks[-1 - CLOG_S].mean if len(blocks) > CLOG_S else f.level
        falling = age is not None and age >= CLOG_S and before - f.level > CLOG_STEP * own
        sagged = share < SAGGED and (age is None or age >= SAGGED_S)
        if falling or sagged:
            self._lost = ("slow", t_ns)

    def _fell(self) -> bool:
        """Whether the current has just fallen faster than a clog lets it."""
        assert self._own_na is not None
        age = self._last_above(SUDDEN_FROM)
        return (
            age is not None and age <= SUDDEN_S and self._window.blocks[-1].mean <= SUDDEN_TO * self._own_na
        )

    def _lost_mode(self, t_ns: int, f: Features, character: str) -> tuple[str, float, str]:
        assert self._lost is not None and self._own_na is not None
        how, since_ns = self._lost
        gone_s = (t_ns - since_ns) / NS
        share = f.level / self._own_na
        left = f"{100 * share:.0f} % of the current before"
        if how == "sudden":
            if share > PARTIAL and character == STABLE and gone_s > PARTIAL_S:
                return UNKNOWN, 0.0, f"steady at {left} after a sudden fall: its cause cannot be told"
            if gone_s <= BUBBLE_S:
                return BUBBLE, 0.8, f"sudden fall, now {left}"
        if character == CORONA:
            return CORONA, 0.9, f"the jet was lost; what flows is noisy, {left}"
        if character == DRIPPING and f.pulses >= 2 and gone_s > BUBBLE_S:
            return DRIPPING, 0.8, f"the jet was lost; drops, {left}"
        return CLOGGED, 0.9 if share < SUDDEN_TO else 0.7, f"the current has sunk to {left}"

    def _learn(self, mode: str, f: Features, t_ns: int) -> None:
        """Follow the jet's own current while it is steady."""
        if mode not in (STABLE, MULTI_JET) or self._lost is not None or self._window.filled < LEARN_S:
            return
        if abs(f.slope_na_s) * LEARN_S > STEADY * f.mean:
            return
        own = self._own_na
        if mode != self.verdict.mode or t_ns - self.verdict.since_ns < LEARN_S * NS:
            return
        if own is None or f.mean > STEP_UP * own:
            self._own_na, self._own_mode, self._learned = f.mean, mode, 1
        elif abs(f.mean / own - 1.0) < 0.1:
            # An average at first, an exponential one later.
            self._learned = min(self._learned + 1, FOLLOW_S)
            self._own_na = own + (f.mean - own) / self._learned


def _cannot(ability: Ability, expectation: Expectation) -> str | None:
    expected = expectation.current_na
    if expected is None:
        return f"nothing is known of the current to be expected: {expectation.why}"
    if ability.resolution_na is None:
        return "nothing is known of the meter's resolution"
    if ability.resolution_na > FINE_ENOUGH * abs(expected):
        return f"resolution {ability.resolution_na:g} nA, more than a tenth of the {abs(expected):.0f} nA expected"
    return None
