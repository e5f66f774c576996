/**
 * What Kafka's tools call an error where they print the name of its class in Java, as some do on
 * standard output.
 */
import type { KafkaErrorCode } from '../client/kafka-error.ts'

const PACKAGE = 'org.apache.kafka.common.errors'

/** Classes that are not called as their error is, and those for errors of the client's own. */
const CLASSES: Partial<Readonly<Record<KafkaErrorCode, string>>> = {
  AUTHENTICATION_FAILED: 'SaslAuthenticationException',
  CLUSTER_AUTHORIZATION_FAILED: 'ClusterAuthorizationException',
  CORRUPT_MESSAGE: 'CorruptRecordException',
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: 'DelegationTokenAuthorizationException',
  DELEGATION_TOKEN_AUTH_DISABLED: 'DelegationTokenDisabledException',
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: 'UnsupportedByAuthenticationException',
  DUPLICATE_SEQUENCE_NUMBER: 'DuplicateSequenceException',
  FETCH_SESSION_TOPIC_ID_ERROR: 'FetchSessionTopicIdException',
  GROUP_AUTHORIZATION_FAILED: 'GroupAuthorizationException',
  INVALID_CONFIG: 'InvalidConfigurationException',
  INVALID_PRODUCER_ID_MAPPING: 'InvalidPidMappingException',
  INVALID_REGULAR_EXPRESSION: 'InvalidRegularExpression',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopicException',
  INVALID_TRANSACTION_TIMEOUT: 'InvalidTxnTimeoutException',
  KAFKA_STORAGE_ERROR: 'KafkaStorageException',
  MESSAGE_TOO_LARGE: 'RecordTooLargeException',
  NETWORK_ERROR: 'TimeoutException', // Java's client tries again until its time is up
  NETWORK_EXCEPTION: 'NetworkException',
  NON_EMPTY_GROUP: 'GroupNotEmptyException',
  OFFSET_METADATA_TOO_LARGE: 'OffsetMetadataTooLarge',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'OutOfOrderSequenceException',
  PRINCIPAL_DESERIALIZATION_FAILURE: 'PrincipalDeserializationException',
  RECORD_LIST_TOO_LARGE: 'RecordBatchTooLargeException',
  REQUEST_TIMED_OUT: 'TimeoutException',
  SASL_AUTHENTICATION_FAILED: 'SaslAuthenticationException',
  STALE_CONTROLLER_EPOCH: 'ControllerMovedException',
  TIMED_OUT: 'TimeoutException',
  TOPIC_ALREADY_EXISTS: 'TopicExistsException',
  TOPIC_AUTHORIZATION_FAILED: 'TopicAuthorizationException',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'TransactionalIdAuthorizationException',
  UNKNOWN_SERVER_ERROR: 'UnknownServerException',
  UNSUPPORTED_BY_BROKER: 'UnsupportedVersionException',
}

/** The class with its package. */
export function exceptionName(code: KafkaErrorCode): string {
  return `${PACKAGE}.${CLASSES[code] ?? regularName(code)}`
}

/** As NOT_COORDINATOR is NotCoordinatorException. */
function regularName(code: string): string {
  const words = code.split('_').map((word) => word.charAt(0) + word.slice(1).toLowerCase())
  return `${words.join('')}Exception`
}
