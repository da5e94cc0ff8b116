// A public OData V4 client writes and reads items, and posts an invoice, at the simulator.
import { OData, EdmV4 } from "@odata/client";

const { ROOT, COMPANY, TOKEN } = process.env;
const serviceEndpoint = `${ROOT}/companies(${COMPANY})/`;
const commonHeaders = { Authorization: `Bearer ${TOKEN}`, "If-Match": "*" };
const client = OData.New4({ serviceEndpoint, commonHeaders });
const guid = (text) => EdmV4.Guid.from(text);

const items = client.getEntitySet("items");
const made = await items.create({ displayName: "Folding stool", unitPrice: 19.9 });
await items.update(guid(made.id), { displayName: "Folding bench" });
const read = await items.retrieve(guid(made.id));
const filter = client.newFilter().property("number").eq(made.number);
const found = await items.query(filter);
const counted = await items.count(filter);
await items.delete(guid(made.id));
const gone = await items.query(filter);

const options = client.newParam().top(2).orderby("number").select("number").count(true);
const page = await client.newRequest({ collection: "customers", params: options });

const invoices = client.getEntitySet("salesInvoices");
const invoice = await invoices.create({
  customerNumber: "10000",
  salesInvoiceLines: [{ lineType: "Item", lineObjectNumber: "1896-S", quantity: 1 }],
});
await invoices.action("Microsoft.NAV.post", guid(invoice.id));
const posted = await invoices.retrieve(guid(invoice.id));

let refused = null;
try {
  await client.getEntitySet("salesOrders").create({});
} catch (error) {
  refused = error.message;
}

const report = {
  made: made.displayName,
  read: read.displayName,
  found: found.length,
  counted,
  gone: gone.length,
  page: page.value.length,
  total: page["@odata.count"],
  keys: Object.keys(page.value[0]),
  status: posted.status,
  refused,
};
console.log(JSON.stringify(report));
