/**
 * DescribeConfigs (API key 32). Describes configs of topics, brokers, groups and client metrics.
 *
 * 1: sources and synonyms (KIP-226). 3: types and documentation (KIP-569). KIP-133.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  message,
  string,
} from '../schema.ts'

export const describeConfigsRequest = message(
  'DescribeConfigsRequest',
  { apiKey: 32, versions: '1-4', flexible: '4+', listeners: ['broker', 'controller'] },
  {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: array(string(), { nullable: '0+' }),
    }),
    includeSynonyms: bool({ versions: '1+', default: false }),
    includeDocumentation: bool({ versions: '3+', default: false }),
  },
)
export type DescribeConfigsRequest = Infer<typeof describeConfigsRequest>

export const describeConfigsResponse = message(
  'DescribeConfigsResponse',
  { apiKey: 32, versions: '1-4', flexible: '4+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: '0+' }),
        readOnly: bool(),
        configSource: int8({ versions: '1+', default: -1, ignorable: true }),
        isSensitive: bool(),
        synonyms: array(
          {
            name: string({ versions: '1+' }),
            value: string({ versions: '1+', nullable: '0+' }),
            source: int8({ versions: '1+' }),
          },
          { versions: '1+', ignorable: true },
        ),
        configType: int8({ versions: '3+', default: 0, ignorable: true }),
        documentation: string({ versions: '3+', nullable: '0+', ignorable: true }),
      }),
    }),
  },
)
export type DescribeConfigsResponse = Input<typeof describeConfigsResponse>
