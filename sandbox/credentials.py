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
CHATWOOT_WEBHOOK_SECRET = "sandbox-chatwoot-webhooks"  # noqa: S105

TWILIO_ACCOUNT_SID = "AC5a4db0c0000000000000000000000000"
TWILIO_AUTH_TOKEN = "sandbox-twilio-token"  # noqa: S105
TWILIO_API_KEY = "SK5a4db0c0000000000000000000000001"
TWILIO_API_SECRET = "sandbox-twilio-secret"  # noqa: S105
TWILIO_NUMBER = "+390255550199"

GENESYS_CLIENT_ID = "5a4db0c0-0000-4000-8000-000000000001"
GENESYS_CLIENT_SECRET = "sandbox-genesys-secret"  # noqa: S105
GENESYS_RELAY_SECRET = "whsec_c2FuZGJveC1nZW5lc3lzLXJlbGF5LXNlY3JldA=="  # noqa: S105

ZAMMAD_TOKEN = "sandbox-zammad-token"  # noqa: S105

PLAIN_REST_TOKEN = "sandbox-plain-rest-token"  # noqa: S105
WEB_EVENTS_KEY = "sandbox-web-events-key"
XCALLY_USER = "gateway"
XCALLY_PASSWORD = "sandbox-xcally-password"  # noqa: S105
ACQUEON_CLIENT_ID = "gateway"
ACQUEON_CLIENT_SECRET = "sandbox-acqueon-secret"  # noqa: S105
ACQUEON_TIME_ZONE = "America/New_York"

FRESHDESK_API_KEY = "sandbox-freshdesk-key"

JIRA_EMAIL = "gateway@contact-centre.example.com"
JIRA_TOKEN = "sandbox-jira-token"  # noqa: S105
JIRA_SERVICE_DESK_ID = "4"

FORMBRICKS_API_KEY = "sandbox-formbricks-key"
FORMBRICKS_PHONE_ATTRIBUTE = "phone"

INTERCOM_TOKEN = "sandbox-intercom-token"  # noqa: S105
INTERCOM_TIME_ZONE = "Europe/Rome"

PBX_NUMBER = "+390255550198"
ARI_USER = "gateway"
ARI_PASSWORD = "sandbox-ari-password"  # noqa: S105
ASTERISK_TIME_ZONE = "Europe/Rome"

LIVE_HELPER_CHAT_USER = "gateway"
LIVE_HELPER_CHAT_KEY = "sandbox-lhc-key"

SALESFORCE_CLIENT_ID = "3MVG9sandbox.gateway"
SALESFORCE_CLIENT_SECRET = "sandbox-salesforce-secret"  # noqa: S105

TWILIO_VOICE_NUMBER = "+390255550197"

SURVEYMONKEY_TOKEN = "sandbox-surveymonkey-token"  # noqa: S105
SURVEYMONKEY_SURVEY_ID = "318402115"
SURVEYMONKEY_COMMENT_QUESTION = "910002"
SURVEYMONKEY_PHONE_FIELD = 1
SURVEYMONKEY_CRM_FIELD = 2

WHATSAPP_CLOUD_TOKEN = "sandbox-whatsapp-cloud-token"  # noqa: S105
WHATSAPP_CLOUD_APP_SECRET = "sandbox-whatsapp-app-secret"  # noqa: S105
WHATSAPP_CLOUD_VERIFY_TOKEN = "sandbox-whatsapp-verify"  # noqa: S105
WHATSAPP_CLOUD_PHONE_NUMBER_ID = "106540352242922"
DIALOG_360_KEY = "sandbox-360dialog-key"

FREESWITCH_TIME_ZONE = "Europe/Rome"

CONNECT_ACCESS_KEY = "AKIDSANDBOX"
CONNECT_SECRET_KEY = "sandbox-connect-secret"  # noqa: S105
CONNECT_REGION = "eu-central-1"
CONNECT_INSTANCE_ID = "5a4db0c0-0000-4000-8000-0000000000c0"
CONNECT_PHONE_ATTRIBUTE = "customer_phone"

TVOX_USER = "gateway"
TVOX_PASSWORD = "sandbox-tvox-password"  # noqa: S105
TVOX_SESSION = "5A4DB0C0SANDBOX0000000000000TVOX"
