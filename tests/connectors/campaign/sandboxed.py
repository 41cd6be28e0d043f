"""How campaign systems are configured over the sandbox, by where it has them."""

from __future__ import annotations

from typing import Any

from sandbox.credentials import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from sandbox.vendors.salesforce_data_cloud import STATEMENT

SALESFORCE_CREDENTIALS = {"client_id": SALESFORCE_CLIENT_ID, "client_secret": SALESFORCE_CLIENT_SECRET}
SALESFORCE_OPTIONS = {
    "objects": ("Task", "VoiceCall"),
    "task_subtypes": ("Call", "Email", "Task"),
    "external_id_fields": {"Contact": "Crm_Id__c", "Lead": "Crm_Id__c"},
    "task_fields": {
        "phone_number": "Phone_Number__c",
        "number_type": "Number_Type__c",
        "previous_score": "Previous_Score__c",
        "current_score": "Current_Score__c",
        "channel": "Channel__c",
        "direction": "Direction__c",
        "division": "Division__c",
        "tags": "Tags__c",
    },
    "voice_call_fields": {
        "previous_score": "Previous_Score__c",
        "current_score": "Current_Score__c",
        "number_type": "Number_Type__c",
        "division": "Division__c",
    },
}
DATA_CLOUD_OPTIONS = {
    "sql": STATEMENT,
    "finds_by": ("phone", "email", "customer"),
    "statuses": {"No Answer": "MISSED"},
}

SOURCES: tuple[tuple[str, dict[str, str], dict[str, Any]], ...] = (
    ("salesforce", SALESFORCE_CREDENTIALS, SALESFORCE_OPTIONS),
    ("salesforce_data_cloud", SALESFORCE_CREDENTIALS, DATA_CLOUD_OPTIONS),
)
TOKEN_PATHS = {name: f"/{name}/services/oauth2/token" for name in ("salesforce", "salesforce_data_cloud")}
