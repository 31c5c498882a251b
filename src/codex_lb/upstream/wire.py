"""Upstream's addresses. Sources: `docs/wire.md`."""

RESPONSES_PATH = "/codex/responses"
MODELS_PATH = "/codex/models"
FILES_PATH = "/files"
TRANSCRIBE_PATH = "/transcribe"
USAGE_PATH = "/wham/usage"
# Of the login host:
AUTHORIZE_PATH = "/oauth/authorize"
TOKEN_PATH = "/oauth/token"  # noqa: S105  a path, not a secret
DEVICE_CODE_PATH = "/api/accounts/deviceauth/usercode"
DEVICE_GRANT_PATH = "/api/accounts/deviceauth/token"
DEVICE_REDIRECT_PATH = "/deviceauth/callback"
DEVICE_PAGE_PATH = "/codex/device"

# The public OAuth client of Codex CLI; upstream ties refresh tokens to it.
OAUTH_CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
OAUTH_REFRESH_SCOPE = "openid profile email"

# A release of Codex CLI whose catalogue we can read; upstream filters models by it.
CLIENT_VERSION = "0.169.0"
