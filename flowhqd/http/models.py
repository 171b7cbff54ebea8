"""The bodies of requests; what is not named here is refused."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

import flowhqd.replies.templates  # noqa: F401 - registers the templates that ship
from flowhqd.errors import Invalid
from flowhqd.replies import registry
from flowhqd.replies.hours import DAYS, MAX_CLOSED, MAX_SPANS, OpeningHours
from flowhqd.states import Language
from flowhqd.whatsapp.addresses import not_a_customer
from flowhqd.whatsapp.events import clean

MAX_NAME = 200
# What the database takes; E.164 allows 15 digits.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
NUMBER = re.compile(r"[+]?[0-9][0-9 ()./-]*")
# A person's JID without a device; a lid has as many digits as WhatsApp likes.
CUSTOMER = re.compile(r"[1-9][0-9]{6,14}@c\.us|[1-9][0-9]{4,19}@lid", re.ASCII)
CHAT_FORMS = "a phone number with its country code, or a chat id such as 255712345678@c.us or …@lid"
# WhatsApp's own limit.
MAX_TEXT = 65_536
SPAN_SCHEMA: dict[str, Any] = {
    "type": "array",
    "prefixItems": [
        {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
        {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"},
    ],
    "minItems": 2,
    "maxItems": 2,
}
# What OpeningHours.parse takes, as far as a schema can tell: that times of a day are in order and
# apart it cannot.
HOURS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "tz": {"type": "string", "format": "time zone"},
                **{
                    day: {"type": "array", "maxItems": MAX_SPANS, "items": SPAN_SCHEMA}
                    for day in DAYS
                },
                "closed": {
                    "type": "array",
                    "maxItems": MAX_CLOSED,
                    "items": {"type": "string", "format": "date"},
                },
            },
            "required": ["tz"],
            "additionalProperties": False,
            "examples": [{"tz": "Africa/Dar_es_Salaam", "mon": [["08:00", "17:00"]], "closed": []}],
        },
        {"type": "null"},
    ]
}


def problem(text: str) -> PydanticCustomError:
    """What a validator raises: ``text`` goes on after the field's name."""
    return PydanticCustomError("problem", "{text}", {"text": text})


def _printable(text: str) -> str:
    # Control characters, and the format characters that reorder what stands around a name.
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or (
            unicodedata.bidirectional(character) in bidi
        ):
            raise problem("must not contain control characters")
    if all(unicodedata.category(character)[0] in "CZ" for character in text):
        raise problem("must not be empty")
    return text


def _phone_number(text: str) -> str:
    """In E.164. Only length and country code are judged: numbering plans grow faster than the
    library, and WhatsApp tells the true number when the phone is linked."""
    refused = problem("must be a phone number with its country code, such as +255 712 345 678")
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise refused from None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    possible = phonenumbers.is_possible_number_with_reason(number)
    if (
        possible != phonenumbers.ValidationResult.IS_POSSIBLE
        or number.extension
        or not E164.fullmatch(written)
    ):
        raise refused
    return written


def _address(text: str) -> str:
    """The JID of a customer, from a JID or a phone number."""
    if "@" in text:
        why = not_a_customer(text)
        if why is not None:
            raise problem(f"is no customer's chat but a {why}")
        if not CUSTOMER.fullmatch(text):
            raise problem(f"must be {CHAT_FORMS}")
        return text
    try:
        # A number that is copied from elsewhere often lacks its plus.
        number = _phone_number(f"+{text.removeprefix('+')}" if NUMBER.fullmatch(text) else "")
    except PydanticCustomError:
        raise problem(f"must be {CHAT_FORMS}") from None
    return f"{number.removeprefix('+')}@c.us"


def _text(text: str) -> str:
    cleaned = clean(text)
    if not cleaned.strip():
        raise problem("must not be empty")
    return cleaned


def _template_type(value: object) -> object:
    wanted = value.strip().casefold() if isinstance(value, str) else None
    for name in registry.names():
        if name.casefold() == wanted:
            return name
    raise problem(f"must be one of {', '.join(registry.names())}")


def _language(value: object) -> object:
    name = value.strip().upper() if isinstance(value, str) else value
    if name not in list(Language):
        raise problem(f"must be one of {', '.join(Language)}")
    return name


def _moment(value: object) -> object:
    """A time as this API writes it; a number is none, nor is a time without an offset."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise problem("must be a time such as 2026-11-21T14:30:00Z")
    return moment


def _hours(value: object) -> object:
    if value is None:
        return None
    try:
        return OpeningHours.parse(value).to_json()
    except Invalid as error:
        raise PydanticCustomError("fields", "{fields}", {"fields": error.errors}) from None


# The formats that no standard knows are told in words; a schema could not.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME),
    AfterValidator(_printable),
    Field(json_schema_extra={"format": "line of text"}),
]
PhoneNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(_phone_number),
    Field(json_schema_extra={"format": "phone number", "examples": ["+255 712 345 678"]}),
]
TemplateName = Annotated[
    str,
    BeforeValidator(_template_type),
    # Templates may be added until the daemon serves.
    Field(json_schema_extra=lambda schema: schema.update(enum=[*registry.names()])),
]
Moment = Annotated[datetime, BeforeValidator(_moment)]
LanguageName = Annotated[Language, BeforeValidator(_language)]
Hours = Annotated[dict[str, Any] | None, BeforeValidator(_hours), WithJsonSchema(HOURS_SCHEMA)]


Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_address),
    Field(
        description=f"{CHAT_FORMS[:1].upper()}{CHAT_FORMS[1:]}.",
        json_schema_extra={"format": "chat", "examples": ["+255754000001"]},
    ),
]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXT),
    AfterValidator(_text),
    Field(json_schema_extra={"format": "text"}),
]
MessageId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(json_schema_extra={"format": "message id"}),
]
IdempotencyKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_printable),
    Field(json_schema_extra={"format": "line of text"}),
]


class Body(BaseModel):
    """A body that has no further fields."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    may_be_absent: ClassVar[bool] = False
    """Whether no body at all counts as an empty object."""


class Nothing(Body):
    """For requests that need no body; an empty object will do."""

    may_be_absent = True


class Limits(Body):
    """A tenant's own limits, in the place of the daemon's settings of the same names; null is none
    of its own."""

    # A page sends some hundreds of messages a minute at best.
    rate_limit_max_per_minute: int | None = Field(
        default=None, ge=0, le=1000, description="Replies in one window; 0 is no limit."
    )
    rate_limit_window_ms: int | None = Field(
        default=None, ge=1000, le=86_400_000, description="Length of a window in milliseconds."
    )
    loop_breaker_max_replies: int | None = Field(
        default=None, ge=0, le=1000, description="Replies to one chat in 10 minutes; 0 is no limit."
    )
    reply_max_age_minutes: int | None = Field(
        default=None,
        ge=0,
        le=43_200,
        description="Age up to which a message is answered; at 0 only what comes live is.",
    )
    owner_pause_minutes: int | None = Field(
        default=None,
        ge=0,
        le=43_200,
        description="Silence in a chat after the owner wrote there; 0 is none.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _in_range(cls, value: object, info: ValidationInfo) -> object:
        """JSON has one kind of number: 5.0 is whole."""
        least, most = cls.span(str(info.field_name))
        match value:
            case None:
                return None
            case bool():
                pass
            case int() | float() if least <= value <= most and value == int(value):
                return int(value)
        raise problem(f"must be a whole number from {least} to {most}")

    @classmethod
    def span(cls, name: str) -> tuple[int, int]:
        """The least and the most that a limit may be."""
        least, most = cls.model_fields[name].metadata
        return least.ge, most.le


class TenantCreate(Body):
    """A new tenant; ``hours_json`` null means always open."""

    name: Name
    phone_number: PhoneNumber
    template_type: TemplateName
    business_name: Name
    language: LanguageName
    hours_json: Hours = None
    limits: Limits = Field(default_factory=Limits)


def _without_null(schema: dict[str, Any]) -> None:
    """For fields that may be left out, but not be null."""
    for name, field in schema["properties"].items():
        if name != "hours_json":
            [kind] = [one for one in field.pop("anyOf") if one != {"type": "null"}]
            field.update(kind)
        del field["default"]


class TenantPatch(Body):
    """New values for a tenant; what is left out stays, also of its limits. Of these fields, only
    ``hours_json`` may be null."""

    model_config = ConfigDict(json_schema_extra=_without_null)

    name: Name | None = None
    phone_number: PhoneNumber | None = None
    template_type: TemplateName | None = None
    business_name: Name | None = None
    language: LanguageName | None = None
    hours_json: Hours = None
    limits: Limits | None = None

    @model_validator(mode="after")
    def _refuse_null(self) -> Self:
        nulls = {
            name: "must not be null"
            for name in self.model_fields_set - {"hours_json"}
            if getattr(self, name) is None
        }
        if nulls:
            raise PydanticCustomError("fields", "{fields}", {"fields": nulls})
        return self


class ForceRestart(Body):
    """``forget_login`` logs the device out first, so that a new code has to be scanned."""

    may_be_absent = True

    forget_login: StrictBool = False


class MessageCreate(Body):
    """A message to send; ``quoted`` is the id of a message in the log, or WhatsApp's own id of it.

    Asked for twice with the same ``idempotency_key``, it is sent once.
    """

    chat: Address
    text: Text
    quoted: MessageId | None = None
    idempotency_key: IdempotencyKey | None = None
