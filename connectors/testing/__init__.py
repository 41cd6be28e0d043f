"""What proves a connector: the contract every vendor module meets, for pytest. Nothing else imports this package.

class TestAcmeDesk(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject.over_asgi(imitation, connect, known=..., stranger=...)
"""

import pytest

pytest.register_assert_rewrite(
    "connectors.testing.changes",
    "connectors.testing.contract",
    "connectors.testing.mutations",
    "connectors.testing.vendor",
    "connectors.testing.walks",
)
