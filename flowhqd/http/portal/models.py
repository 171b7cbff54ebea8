"""What the portal's users send; what is not named here is refused."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from flowhqd.http.models import Body, LanguageName, Moment, Name, PhoneNumber, TemplateName, problem
from flowhqd.states import Language

MIN_PASSWORD = 10
MAX_PASSWORD = 200
FEWEST_CHARACTERS = 4
MAX_EMAIL = 254
MAX_NOTES = 2000

BAD_EMAIL = "must be an e-mail address, such as asha@example.com"
SHORT_PASSWORD = "must have at least 10 characters; three or four words are easy to keep in mind"  # noqa: S105
NUMBER_PASSWORD = "must not be a number alone: phone numbers are the first that is tried"  # noqa: S105
EASY_PASSWORD = "is too easily guessed: use more different characters"  # noqa: S105
OWN_PASSWORD = "must not be your e-mail address"  # noqa: S105


def _email(text: str) -> str:
    """In lower case; a mailbox of ASCII letters, as every provider gives them."""
    try:
        valid = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise problem(BAD_EMAIL) from None
    return valid.normalized.lower()


def _password(text: str) -> str:
    """One that is not among the first to be guessed; any character will do."""
    if len(text) < MIN_PASSWORD:
        raise problem(SHORT_PASSWORD)
    if all(character.isdecimal() or character in " +-()." for character in text):
        raise problem(NUMBER_PASSWORD)
    if len(set(text.casefold())) <= FEWEST_CHARACTERS:
        raise problem(EASY_PASSWORD)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise problem("must be text") from None
    return text


def is_own_address(email: str, password: str) -> bool:
    """Whether a password is the user's e-mail address."""
    return password.strip().lower() == email


def _or_empty(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """Nothing, or something that is right."""
    return "" if isinstance(value, str) and not value.strip() else check(value)


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_EMAIL),
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email"}),
]
AnyText = Annotated[str, StringConstraints(max_length=1000)]
Password = Annotated[str, StringConstraints(max_length=MAX_PASSWORD), AfterValidator(_password)]
Notes = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTES)]


class LogIn(Body):
    """What is no address or password is wrong, and no more is said of it."""

    email: AnyText
    password: AnyText


class NewPassword(Body):
    """A password for the account of a link."""

    password: Password


class SignUp(Body):
    """An account of one's own."""

    email: Email
    password: Password
    language: LanguageName = Language.SW

    @model_validator(mode="after")
    def _refuse_own_address(self) -> Self:
        if is_own_address(self.email, self.password):
            raise PydanticCustomError("fields", "{fields}", {"fields": {"password": OWN_PASSWORD}})
        return self


class ChangePassword(Body):
    """Another password, for who knows the present one."""

    current_password: AnyText
    password: Password


class SetupDraft(Body):
    """A set-up request as far as it was filled in; what is given must be right."""

    template_type: Annotated[TemplateName, WrapValidator(_or_empty)] = ""
    business_name: Annotated[Name, WrapValidator(_or_empty)] = ""
    language: LanguageName = Language.SW
    whatsapp_number: Annotated[PhoneNumber, WrapValidator(_or_empty)] = ""
    notes: Notes = ""


class SetupSubmit(Body):
    """A set-up request that can be decided upon."""

    template_type: TemplateName
    business_name: Name
    language: LanguageName = Language.SW
    whatsapp_number: PhoneNumber
    notes: Notes = ""


class SetupRequestCreate(Body):
    """A user's set-up request from another front end.

    Without a business name the operator gives one. ``consent`` true says that the user was told
    what linking means, and agreed.
    """

    template_type: TemplateName
    business_name: Annotated[
        Name, WrapValidator(_or_empty), Field(json_schema_extra={"minLength": 0})
    ] = ""
    language: LanguageName = Language.SW
    whatsapp_number: PhoneNumber
    notes: Notes = ""
    consent: StrictBool = False


class Approval(Body):
    """The operator's yes.

    ``name`` is what the operator calls a new tenant, ``business_name`` stands in for what the
    request does not say, each as the request has it when left out. ``share`` lets the user see a
    tenant of this number that others look after. ``updated_at`` is that of the request that was
    looked at; one that was changed since is not approved.
    """

    name: Name | None = None
    business_name: Name | None = None
    share: StrictBool = False
    updated_at: Moment | None = None
    may_be_absent = True


class Rejection(Body):
    """The operator's no, and what its user should know or change."""

    note: Annotated[Notes, StringConstraints(min_length=1)]


class Invitation(Body):
    """Somebody who gets an account, to look after a tenant that is there if one is given."""

    email: Email
    language: LanguageName = Language.SW
    tenant_id: UUID | None = None
