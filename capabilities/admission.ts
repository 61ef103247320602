/**
 * Admission of our kinds in every version, as they were written: the rules are src/admission's, and how an answer comes of them is
 * src/operator/pepr's. This list is what the webhook configuration of the manifest must say as well. A kind that the cluster
 * does not serve is never asked about.
 */
import { Capability, type PeprValidateRequest } from "pepr";
import type { KubernetesObject } from "../src/gateway-api/objects.ts";
import type { Answer, Review } from "../src/operator/pepr/review.ts";
import {
  GatewayV1,
  ListenerSetV1,
  TcpRouteV1,
  TcpRouteV1Alpha2,
  TlsRouteV1,
  TlsRouteV1Alpha2,
  TlsRouteV1Alpha3,
} from "./kinds.ts";

export type Reviewed = KubernetesObject & { readonly spec: unknown };

/** `review` answers for an object of any of these kinds. */
export function admissionCapability(review: (review: Review<Reviewed>) => Answer): Capability {
  const capability = new Capability({ name: "admission", description: "Refuses what could never work" });
  const { When } = capability;
  const answer = answering(review);

  When(GatewayV1).IsCreatedOrUpdated().Validate(answer);
  When(ListenerSetV1).IsCreatedOrUpdated().Validate(answer);
  When(TlsRouteV1).IsCreatedOrUpdated().Validate(answer);
  When(TlsRouteV1Alpha3).IsCreatedOrUpdated().Validate(answer);
  When(TlsRouteV1Alpha2).IsCreatedOrUpdated().Validate(answer);
  When(TcpRouteV1).IsCreatedOrUpdated().Validate(answer);
  When(TcpRouteV1Alpha2).IsCreatedOrUpdated().Validate(answer);
  return capability;
}

/** Status code of a refusal: the object is understood and cannot be processed (RFC 9110, section 15.5.21). */
const UNPROCESSABLE = 422;

function answering(review: (asked: Review<Reviewed>) => Answer) {
  return (request: PeprValidateRequest<GatewayV1>) => {
    const { refusal, warnings } = review({
      object: asJson(request.Raw),
      before: request.OldResource && asJson(request.OldResource),
    });
    const remarks = [...warnings];
    return refusal === undefined ? request.Approve(remarks) : request.Deny(refusal, UNPROCESSABLE, remarks);
  };
}

/** Pepr's type has a Date where the JSON of the review has a text. */
function asJson(object: GatewayV1): Reviewed {
  return object as unknown as Reviewed;
}
