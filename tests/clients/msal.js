// Microsoft's own library for Node: every flow against the simulator, the results as JSON.
// SIMULATOR is its address; CERTIFICATE and KEY are files. The library is told what its
// documentation tells for an authority that Microsoft does not know: `knownAuthorities`.

import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfidentialClientApplication, CryptoProvider } from "@azure/msal-node";

const { SIMULATOR, TENANT, CLIENT_ID, CLIENT_SECRET, CERTIFICATE, KEY } = process.env;
const RESOURCE = "https://api.businesscentral.dynamics.com";
const REDIRECT = "http://localhost:8400/callback";

function application(tenant, proof) {
  return new ConfidentialClientApplication({
    auth: {
      clientId: CLIENT_ID,
      authority: `${SIMULATOR}/${tenant}`,
      knownAuthorities: [new URL(SIMULATOR).host],
      ...proof,
    },
  });
}

// A person opens the address and sends the form of the page.
async function consent(address) {
  const page = await (await fetch(address)).text();
  const form = new URLSearchParams(new URL(address).search);
  form.set("username", "admin@harwick.example");
  form.set("decision", page.includes("Permissions requested") ? "accept" : "continue");
  const answer = await fetch(address, { method: "POST", body: form, redirect: "manual" });
  return Object.fromEntries(new URL(answer.headers.get("location")).searchParams);
}

async function companies(token) {
  const url = `${SIMULATOR}/v2.0/Production/api/v2.0/companies`;
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  return answer.ok ? (await answer.json()).value.length : -answer.status;
}

async function person(tenant, scopes) {
  const client = application(tenant, { clientSecret: CLIENT_SECRET });
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const asked = { scopes, redirectUri: REDIRECT, state: "a state", nonce: "a-nonce" };
  const address = await client.getAuthCodeUrl({
    ...asked,
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
  });
  const back = await consent(address);
  const result = await client.acquireTokenByCode(
    { ...asked, code: back.code, codeVerifier: verifier },
    back,
  );
  const { account } = result;
  const cached = await client.acquireTokenSilent({ account, scopes });
  const fresh = await client.acquireTokenSilent({ account, scopes, forceRefresh: true });
  return {
    username: account.username,
    tenant: account.tenantId,
    issuer: result.idTokenClaims.iss,
    companies: await companies(result.accessToken),
    cached: cached.fromCache && cached.accessToken === result.accessToken,
    fresh: !fresh.fromCache && fresh.accessToken !== result.accessToken,
    companies_afterwards: await companies(fresh.accessToken),
  };
}

async function itself(proof) {
  const client = application(TENANT, proof);
  const request = { scopes: [`${RESOURCE}/.default`] };
  const first = await client.acquireTokenByClientCredential(request);
  const second = await client.acquireTokenByClientCredential(request);
  return { companies: await companies(first.accessToken), cached: second.fromCache };
}

async function refusal(work) {
  try {
    await work();
  } catch (error) {
    return { name: error.name, code: error.errorCode, number: error.errorNo, sub: error.subError };
  }
  return null;
}

async function armed(number) {
  const fault = JSON.stringify({ kind: "token_error", number });
  await fetch(`${SIMULATOR}/_simulator/faults`, { method: "POST", body: fault });
  return refusal(() => itself({ clientSecret: CLIENT_SECRET }));
}

const pem = readFileSync(CERTIFICATE, "utf8");
const raw = new X509Certificate(pem).raw;
const clientCertificate = {
  thumbprintSha256: createHash("sha256").update(raw).digest("hex"),
  privateKey: readFileSync(KEY, "utf8"),
  x5c: pem,
};

console.log(
  JSON.stringify({
    organizations: await person("organizations", [`${RESOURCE}/Financials.ReadWrite.All`]),
    tenant: await person(TENANT, [`${RESOURCE}/.default`]),
    domain: await person("harwick.example", [`${RESOURCE}/user_impersonation`]),
    secret: await itself({ clientSecret: CLIENT_SECRET }),
    certificate: await itself({ clientCertificate }),
    wrong_secret: await refusal(() => itself({ clientSecret: "wrong" })),
    multi_factor: await armed(50076),
  }),
);
