"""The command table of the emulated picoammeter, in the notation of the 6485 manual's SCPI tables.

Settings are kept and given back as they are; actions do something. Default values are those of *RST.
"""

from __future__ import annotations

from dataclasses import dataclass

from rig.emulators.scpi import choice, flag, number, table


@dataclass(frozen=True, slots=True)
class Number:
    """A setting with limits; `count` ones are shown as integers."""

    name: str
    low: float
    high: float
    default: float
    count: bool = False

    def parse(self, text: str) -> float:
        """Raises ScpiError for what the instrument refuses."""
        value = number(text, self.low, self.high, self.default)
        return float(round(value)) if self.count else value

    def show(self, value: float | bool | str) -> str:
        """As a query gives it."""
        return str(int(value)) if self.count else f"{float(value):+.6E}"


@dataclass(frozen=True, slots=True)
class Flag:
    """A setting that is on or off."""

    name: str
    default: bool

    def parse(self, text: str) -> bool:
        """Raises ScpiError for what the instrument refuses."""
        return flag(text)

    def show(self, value: float | bool | str) -> str:
        """As a query gives it."""
        return "1" if value else "0"


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting that is one of some words, in the manuals' notation; the first is the default."""

    name: str
    words: tuple[str, ...]
    default: str

    def parse(self, text: str) -> str:
        """Raises ScpiError for what the instrument refuses."""
        return choice(text, self.words)

    def show(self, value: float | bool | str) -> str:
        """As a query gives it."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Action:
    """A command or query that is a method of the emulator.

    at_once: also while readings are being taken; takes: with a parameter.
    """

    method: str
    at_once: bool = False
    takes: bool = False


_AMPS = "[:SENSe[1]][:CURRent[:DC]]"

Setting = Number | Flag | Choice

SETTINGS: dict[str, Setting] = table(
    {
        f"{_AMPS}:NPLCycles": Number("nplc", 0.01, 6.0, 5.0),
        f"{_AMPS}:RANGe:AUTO": Flag("range_auto", True),
        f"{_AMPS}:RANGe:AUTO:ULIMit": Number("range_high", 2.1e-9, 2.1e-2, 2.1e-2),
        f"{_AMPS}:RANGe:AUTO:LLIMit": Number("range_low", 2.1e-9, 2.1e-2, 2.1e-9),
        "[:SENSe[1]]:AVERage[:STATe]": Flag("average", False),
        "[:SENSe[1]]:AVERage:TCONtrol": Choice("average_kind", ("MOVing", "REPeat"), "MOV"),
        "[:SENSe[1]]:AVERage:COUNt": Number("average_count", 2, 100, 10, count=True),
        "[:SENSe[1]]:AVERage:ADVanced[:STATe]": Flag("average_advanced", False),
        "[:SENSe[1]]:AVERage:ADVanced:NTOLerance": Number("average_window", 0, 105, 0, count=True),
        "[:SENSe[1]]:MEDian[:STATe]": Flag("median", False),
        "[:SENSe[1]]:MEDian:RANK": Number("median_rank", 1, 5, 1, count=True),
        ":SYSTem:ZCHeck[:STATe]": Flag("zch", True),
        ":SYSTem:ZCORrect[:STATe]": Flag("zcor", False),
        ":SYSTem:AZERo[:STATe]": Flag("azer", True),
        ":SYSTem:LFRequency": Number("lfr", 50, 60, 50, count=True),
        ":SYSTem:LFRequency:AUTO[:STATe]": Flag("lfr_auto", True),
        ":FORMat[:DATA]": Choice("format", ("ASCii",), "ASC"),
        ":FORMat:SREGister": Choice("register_format", ("ASCii",), "ASC"),
        ":DISPlay:ENABle": Flag("display", True),
        ":DISPlay:DIGits": Number("digits", 4, 7, 6, count=True),
        ":TRACe:FEED": Choice("trac_feed", ("SENSe[1]", "CALCulate[1]", "CALCulate2"), "SENS"),
        ":TRACe:TSTamp:FORMat": Choice("trac_time", ("ABSolute", "DELTa"), "ABS"),
        ":ARM[:SEQuence[1]][:LAYer[1]]:COUNt": Number("arm_count", 1, 2500, 1, count=True),
        ":ARM[:SEQuence[1]][:LAYer[1]]:SOURce": Choice("arm_source", ("IMMediate",), "IMM"),
        ":TRIGger[:SEQuence[1]]:COUNt": Number("trig_count", 1, 2500, 1, count=True),
        ":TRIGger[:SEQuence[1]]:DELay": Number("delay", 0.0, 999.9998, 0.0),
        ":TRIGger[:SEQuence[1]]:DELay:AUTO": Flag("delay_auto", False),
        ":TRIGger[:SEQuence[1]]:SOURce": Choice("trig_source", ("IMMediate",), "IMM"),
        ":CALCulate[1]:STATe": Flag("math", False),
        ":CALCulate2:NULL:STATe": Flag("rel", False),
    }
)

ACTIONS = table(
    {
        "*IDN?": Action("do_identity"),
        "*RST": Action("do_reset"),
        "*CLS": Action("do_clear_status"),
        "*STB?": Action("do_status_byte", True),
        "*SRE": Action("do_service_enable", takes=True),
        "*SRE?": Action("do_service_enable_query", True),
        "*ESE": Action("do_standard_enable", takes=True),
        "*ESE?": Action("do_standard_enable_query", True),
        "*ESR?": Action("do_standard_event", True),
        "*OPC": Action("do_complete"),
        "*OPC?": Action("do_complete_query"),
        "*TST?": Action("do_self_test"),
        "*TRG": Action("do_nothing"),
        "*WAI": Action("do_nothing"),
        ":READ?": Action("do_read"),
        ":MEASure[:CURRent[:DC]]?": Action("do_measure"),
        ":CONFigure[:CURRent[:DC]]": Action("do_configure"),
        ":CONFigure?": Action("do_function"),
        "[:SENSe[1]]:FUNCtion?": Action("do_function"),
        ":INITiate[:IMMediate]": Action("do_initiate", True),
        ":ABORt": Action("do_abort", True),
        ":FETCh?": Action("do_fetch"),
        "[:SENSe[1]]:DATA[:LATest]?": Action("do_fetch"),
        f"{_AMPS}:RANGe[:UPPer]": Action("do_range", takes=True),
        f"{_AMPS}:RANGe[:UPPer]?": Action("do_range_query"),
        ":SYSTem:ZCORrect:ACQuire": Action("do_zero_acquire"),
        ":SYSTem:TIME:RESet": Action("do_time_reset"),
        ":SYSTem:ERRor[:NEXT]?": Action("do_error", True),
        ":STATus:QUEue[:NEXT]?": Action("do_error", True),
        ":SYSTem:CLEar": Action("do_errors_clear"),
        ":STATus:QUEue:CLEar": Action("do_errors_clear"),
        ":SYSTem:VERSion?": Action("do_version"),
        ":SYSTem:PRESet": Action("do_reset"),
        ":SYSTem:LOCal": Action("do_nothing"),
        ":SYSTem:REMote": Action("do_nothing"),
        ":SYSTem:RWLock": Action("do_nothing"),
        ":FORMat:ELEMents": Action("do_elements", takes=True),
        ":FORMat:ELEMents?": Action("do_elements_query"),
        ":TRACe:CLEar": Action("do_buffer_clear"),
        ":TRACe:POINts": Action("do_buffer_points", takes=True),
        ":TRACe:POINts?": Action("do_buffer_points_query"),
        ":TRACe:POINts:ACTual?": Action("do_buffer_count"),
        ":TRACe:FREE?": Action("do_buffer_free"),
        ":TRACe:FEED:CONTrol": Action("do_buffer_control", takes=True),
        ":TRACe:FEED:CONTrol?": Action("do_buffer_control_query"),
        ":TRACe:DATA?": Action("do_buffer_data"),
        ":STATus:PRESet": Action("do_preset"),
        ":STATus:MEASurement[:EVENt]?": Action("do_measurement_event", True),
        ":STATus:MEASurement:CONDition?": Action("do_measurement_condition", True),
        ":STATus:MEASurement:ENABle": Action("do_measurement_enable", takes=True),
        ":STATus:MEASurement:ENABle?": Action("do_measurement_enable_query", True),
        ":STATus:OPERation[:EVENt]?": Action("do_operation_event", True),
        ":STATus:OPERation:CONDition?": Action("do_operation_condition", True),
        ":STATus:OPERation:ENABle": Action("do_operation_enable", takes=True),
        ":STATus:OPERation:ENABle?": Action("do_operation_enable_query", True),
        ":STATus:QUEStionable[:EVENt]?": Action("do_questionable_event", True),
        ":STATus:QUEStionable:CONDition?": Action("do_questionable_condition", True),
        ":STATus:QUEStionable:ENABle": Action("do_questionable_enable", takes=True),
        ":STATus:QUEStionable:ENABle?": Action("do_questionable_enable_query", True),
    }
)
