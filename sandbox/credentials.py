"""The sandbox's own credentials: invented, alike in every run, worth nothing anywhere else."""

from __future__ import annotations

ZENDESK_EMAIL = "gateway@contact-centre.example.com"
ZENDESK_TOKEN = "sandbox-zendesk-token"  # noqa: S105

REQUEST_TRACKER_USER = "gateway"
REQUEST_TRACKER_PASSWORD = "sandbox-rt-password"  # noqa: S105
REQUEST_TRACKER_TOKEN = "1-14-sandbox-rt-token"  # noqa: S105

LIMESURVEY_USER = "gateway"
LIMESURVEY_PASSWORD = "sandbox-limesurvey-password"  # noqa: S105
LIMESURVEY_SURVEY_ID = 841298
LIMESURVEY_CLOSED_SURVEY_ID = 527114
LIMESURVEY_TIME_ZONE = "Europe/Rome"
LIMESURVEY_NPS_QUESTION = "NPS"
LIMESURVEY_COMMENT_QUESTION = "WHY"
LIMESURVEY_PHONE_ATTRIBUTE = "attribute_1"
LIMESURVEY_CRM_ATTRIBUTE = "attribute_2"

CHATWOOT_ACCOUNT_ID = 1
CHATWOOT_TOKEN = "sandbox-chatwoot-token"  # noqa: S105

TWILIO_ACCOUNT_SID = "AC5a4db0c0000000000000000000000000"
TWILIO_AUTH_TOKEN = "sandbox-twilio-token"  # noqa: S105
TWILIO_API_KEY = "SK5a4db0c0000000000000000000000001"
TWILIO_API_SECRET = "sandbox-twilio-secret"  # noqa: S105
TWILIO_NUMBER = "+390255550199"

GENESYS_CLIENT_ID = "5a4db0c0-0000-4000-8000-000000000001"
GENESYS_CLIENT_SECRET = "sandbox-genesys-secret"  # noqa: S105
