// o.js, with queries as odata-query writes them: what it encodes, and its batches, which are
// multipart, with and without a change set. ROOT, COMPANY and TOKEN are the simulator's.
import { o } from "odata";
import oq from "odata-query";

const buildQuery = oq.default ?? oq;
const { ROOT, COMPANY, TOKEN } = process.env;
const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
const config = () => ({ headers: new Headers({ ...headers, "If-Match": "*" }) });
const company = () => o(`${ROOT}/companies(${COMPANY})/`, config());

// Queries: one as pairs, which it encodes to the last character, one as a text.
const encoded = await company()
  .get("items")
  .query({ $filter: "number eq '1896-S'", $select: "number,unitPrice", $count: "true" });
const wanted = buildQuery({
  filter: { number: { ge: "10000", le: "30000" } },
  orderBy: ["number desc"],
  select: ["number"],
  expand: { paymentTerm: { select: ["code"] } },
  top: 2,
});
const built = await company().get("customers").query(wanted.slice(1));

// One entity comes, changes and goes.
const made = await company().post("paymentTerms", { code: "STOOLS", displayName: "Stools" }).query();
const changed = await company().patch(`paymentTerms(${made.id})`, { displayName: "Benches" }).query();
const removed = await company().delete(`paymentTerms(${made.id})`).fetch();
const gone = await company()
  .get(`paymentTerms(${made.id})`)
  .query()
  .catch((answer) => answer.status);

// Batches.
const batches = (useChangset) =>
  o(`${ROOT}/`, {
    ...config(),
    batch: {
      boundaryPrefix: "batch_",
      changsetBoundaryPrefix: "changset_",
      endpoint: "$batch",
      headers: new Headers(headers),
      useChangset,
      useRelativeURLs: true,
    },
    rootUrl: new URL(`${ROOT}/`),
  });
const terms = `companies(${COMPANY})/paymentTerms`;
const body = (code) => ({ code, displayName: code });
const plain = await batches(false)
  .get(`companies(${COMPANY})/items?$top=1`)
  .post(terms, body("PLAIN"))
  .post(terms, body("PLAIN"))
  .post(terms, body("NEVER"))
  .batch();
const set = await batches(true).post(terms, body("SET")).batch();
const sets = await batches(true)
  .post(terms, body("SET1"))
  .post(terms, body("SET2"))
  .batch()
  .catch(async (answer) => ({ status: answer.status, body: await answer.json() }));

const report = {
  encoded,
  built: built.map((one) => [one.number, one.paymentTerm?.code]),
  made: made.code,
  changed: changed.displayName,
  removed: removed.status,
  gone,
  plain: plain.map((one) => one.status),
  set: set.map((one) => [one.contentId, one.status, one.body.code]),
  sets: [sets.status, sets.body.error.message],
};
console.log(JSON.stringify(report));
