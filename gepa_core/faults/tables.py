"""What is known of other libraries' errors, by name and by wording, so that none has to be imported."""

from __future__ import annotations

import errno
import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROVIDER_PACKAGES = _words(
    """
    anthropic cohere google groq litellm mistralai ollama openai together huggingface_hub replicate
    botocore ai21 cerebras fireworks
    """
)
"""Root packages of clients that talk to model providers and to nothing else of the app's."""

TRANSIENT_NAMES = _words(
    """
    APIConnectionError APITimeoutError RateLimitError InternalServerError ServiceUnavailableError
    OverloadedError DeadlineExceededError TooManyRequestsError BadGatewayError
    TooManyRequests ServiceUnavailable BadGateway GatewayTimeout DeadlineExceeded ResourceExhausted
    TransportError NetworkError ConnectError ConnectTimeout ReadTimeout PoolTimeout RemoteProtocolError
    ConnectionError Timeout ChunkedEncodingError
    ProtocolError MaxRetryError NewConnectionError NameResolutionError IncompleteRead
    ConnectTimeoutError ReadTimeoutError
    ClientConnectionError ClientConnectorError ClientOSError ClientPayloadError
    ServerDisconnectedError ServerTimeoutError
    EndpointConnectionError ConnectionClosedError HTTPClientError ResponseStreamingError
    ThrottlingException ModelNotReadyException ModelTimeoutException
    """
)
"""Class names that mean a passing fault wherever they come from."""

UNUSABLE_NAMES = _words(
    """
    AuthenticationError PermissionDeniedError Unauthenticated DefaultCredentialsError RefreshError
    NoCredentialsError PartialCredentialsError CredentialRetrievalError NoRegionError UnknownServiceError
    BudgetExceededError
    """
)
"""Class names that mean that a model or its key cannot be used at all."""

CANDIDATE_NAMES = _words(
    """
    ContextWindowExceededError ContentPolicyViolationError ContextOverflowError LengthFinishReasonError
    ContentFilterFinishReasonError UnsupportedProtocol InvalidURL LocalProtocolError
    """
)
"""Class names that mean that what was sent was wrong, though they may derive from a transient one."""

TRANSIENT_CODES = _words(
    """
    ThrottlingException Throttling TooManyRequestsException RequestTimeout RequestTimeoutException
    ServiceUnavailableException InternalServerException InternalFailure ModelNotReadyException
    ModelTimeoutException SlowDown
    UNAVAILABLE DEADLINE_EXCEEDED RESOURCE_EXHAUSTED ABORTED INTERNAL
    """
)
"""Error codes of botocore's ``ClientError`` and of gRPC that mean a passing fault."""

UNUSABLE_CODES = _words(
    """
    AccessDeniedException UnrecognizedClientException ExpiredTokenException ExpiredToken
    InvalidSignatureException ResourceNotFoundException UNAUTHENTICATED PERMISSION_DENIED
    """
)
"""Error codes of botocore's ``ClientError`` and of gRPC that mean that a model cannot be used."""

TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
"""HTTP statuses below 500 that pass; every one from 500 on does too."""

TRANSIENT_ERRNO = frozenset(
    {
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTUNREACH,
        errno.EMFILE,
        errno.ENETDOWN,
        errno.ENETRESET,
        errno.ENETUNREACH,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOSPC,
        errno.EPIPE,
        errno.ETIMEDOUT,
    }
)
"""System errors of the network, and of a machine that ran out of files or of disk."""

QUOTA_TEXT = re.compile(
    r"insufficient[_ ](?:quota|balance|credits?|funds)|credit balance is too low|billing[_ ]hard[_ ]limit"
    r"|exceeded your current quota",
    re.IGNORECASE,
)
PASSING_QUOTA_TEXT = re.compile(
    r"retry in|retrydelay|per.?minute|generativelanguage|gemini|vertex", re.IGNORECASE
)
"""Google words a limit per minute like an exhausted account; these tell it apart."""

TOO_LONG_TEXT = re.compile(
    r"context[_ ](?:length|window)|maximum context|prompt is too long|too many (?:input )?tokens"
    r"|input (?:is )?too long|exceeds? the (?:model'?s )?(?:maximum|context|token limit)"
    r"|request[_ ]too[_ ]large",
    re.IGNORECASE,
)
POLICY_TEXT = re.compile(
    r"content[_ ](?:policy|filter|management)|safety (?:system|filter)|flagged", re.IGNORECASE
)
UNUSABLE_TEXT = re.compile(
    r"LLM Provider NOT provided|model_not_found|(?:unknown|invalid|no such) model|not a valid model"
    r"|model.{0,80}(?:does not exist|not found|not supported|is not available|decommissioned)"
    r"|(?:invalid|incorrect|missing|no) api.?key"
    r"|api.?key.{0,40}(?:must be set|not valid|invalid|not set|missing)",
    re.IGNORECASE | re.DOTALL,
)
ENDPOINT_TEXT = re.compile(
    r"/v\d+\w*/|/api/(?:chat|generate|embed)|completions|:generateContent|api.?key|\bmodels?\b", re.IGNORECASE
)
"""Words of an HTTP error that show that it came from a model's endpoint and not from some web page."""

OVERLOAD_TEXT = re.compile(
    r"overloaded|temporarily unavailable|try again later|server (?:had an )?error|connection error"
    r"|rate.?limit|timed? ?out|peer closed connection|incomplete (?:chunked )?read",
    re.IGNORECASE,
)
