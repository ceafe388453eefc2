"""One bench a driver."""

from __future__ import annotations

from tests.instruments.fuzz.bench import Bench
from tests.instruments.fuzz.output_benches import (
    AlicatBench,
    E2416Bench,
    E3216Bench,
    Epc3000Bench,
    GlassmanBench,
    NewEraBench,
)
from tests.instruments.fuzz.sensor_benches import (
    AdamBench,
    BareAdamBench,
    KeithleyBench,
    RapidoxBench,
    VaisalaBench,
)

__all__ = ["BENCHES", "Bench"]

BENCHES: tuple[type[Bench], ...] = (
    NewEraBench, GlassmanBench, Epc3000Bench, E3216Bench, E2416Bench, AlicatBench,
    KeithleyBench, VaisalaBench, AdamBench, BareAdamBench, RapidoxBench,
)  # fmt: skip
