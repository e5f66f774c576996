/**
 * DescribeGroups (15), versions 0-6: members and assignments of classic groups (KIP-430, KIP-1043).
 */
import {
  describeGroupsRequest,
  describeGroupsResponse,
} from '../../protocol/messages/15-describe-groups.ts'
import { GROUP_OPERATIONS } from '../authorized-operations.ts'
import { serve } from '../served-api.ts'

export const describeGroups = serve(
  describeGroupsRequest,
  describeGroupsResponse,
  (broker, request, context) => {
    broker.groups.describeGroups(context, request, broker.nowMs, (response) => {
      if (!request.includeAuthorizedOperations) {
        context.reply(response)
        return
      }
      const groups = response.groups.map((group) =>
        group.errorCode === 0 ? { ...group, authorizedOperations: GROUP_OPERATIONS } : group,
      )
      context.reply({ ...response, groups })
    })
  },
)
