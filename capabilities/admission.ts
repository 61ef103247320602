/**
 * Admission of Gateway and TLSRoute in every version, as it was written: the rules are src/admission's, and how an answer comes
 * of them is src/operator/pepr's. This list is what the webhook configuration of the manifest must say as well.
 */
import { Capability, type PeprValidateRequest } from "pepr";
import type { Gateway, TlsRoute } from "../src/gateway-api/objects.ts";
import type { Answer, Review } from "../src/operator/pepr/review.ts";
import { GatewayV1, TlsRouteV1, TlsRouteV1Alpha2, TlsRouteV1Alpha3 } from "./kinds.ts";

export interface AdmissionCapabilityOptions {
  readonly reviewGateway: (review: Review<Gateway>) => Answer;
  readonly reviewTlsRoute: (review: Review<TlsRoute>) => Answer;
}

export function admissionCapability({ reviewGateway, reviewTlsRoute }: AdmissionCapabilityOptions): Capability {
  const capability = new Capability({ name: "admission", description: "Refuses what could never work" });
  const { When } = capability;

  When(GatewayV1).IsCreatedOrUpdated().Validate(answering(reviewGateway));
  When(TlsRouteV1).IsCreatedOrUpdated().Validate(answering(reviewTlsRoute));
  When(TlsRouteV1Alpha3).IsCreatedOrUpdated().Validate(answering(reviewTlsRoute));
  When(TlsRouteV1Alpha2).IsCreatedOrUpdated().Validate(answering(reviewTlsRoute));
  return capability;
}

/** Status code of a refusal: the object is understood and cannot be processed (RFC 9110, section 15.5.21). */
const UNPROCESSABLE = 422;

function answering<T>(review: (asked: Review<T>) => Answer) {
  return (request: PeprValidateRequest<GatewayV1>) => {
    const { refusal, warnings } = review({ object: request.Raw as T, before: request.OldResource as T | undefined });
    const remarks = [...warnings];
    return refusal === undefined ? request.Approve(remarks) : request.Deny(refusal, UNPROCESSABLE, remarks);
  };
}
