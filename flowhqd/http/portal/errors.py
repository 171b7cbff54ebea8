"""What goes wrong on the portal; each code has its words in every language of its pages."""

from __future__ import annotations

from flowhqd.errors import Conflict
from flowhqd.http.errors import RequestError


class LoginNeeded(RequestError):
    """No login, or one that is over."""

    status = 401
    code = "login_needed"


class WrongCredentials(RequestError):
    """No such user, or another password: which of the two is not told."""

    status = 401
    code = "wrong_credentials"


class WrongPassword(RequestError):
    """A user who is logged in gave another password than theirs."""

    status = 403
    code = "wrong_password"


class AccountDisabled(RequestError):
    """The operator keeps this user out."""

    status = 403
    code = "account_disabled"


class SignupClosed(RequestError):
    """SIGNUP does not let anybody make an account in this way."""

    status = 403
    code = "signup_closed"


class ConsentNeeded(Conflict):
    """The user has not read what linking means."""

    code = "consent_needed"


class HasTenant(Conflict):
    """The user looks after a tenant already."""

    code = "has_tenant"


class BadPortalKey(RequestError):
    """A front end without the right x-portal-key."""

    status = 401
    code = "bad_portal_key"


class BadUserEmail(RequestError):
    """A front end that does not say for whom it asks."""

    code = "bad_user_email"
